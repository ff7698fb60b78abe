/**
 * The independent count: which source files the project has, by git or, where git is missing, by a walk.
 * Gates compare what they read with this list, so a gate that reads nothing is red.
 */
import { spawnSync } from "node:child_process";
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";

/** Generated and fetched folders: what `.gitignore` leaves out, for the walk without git. */
const skippedFolders = new Set(["node_modules", "dist", ".git", ".attune", ".tmp"]);

/** Paths relative to the root, with `/`, sorted: tracked files and new ones that are not ignored. */
export function projectFiles(root: string): string[] {
  const git = spawnSync(
    "git",
    ["-c", "safe.directory=*", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
    { cwd: root, encoding: "utf8", maxBuffer: 1 << 26 },
  );
  const listed =
    git.status === 0 ? git.stdout.split("\0").filter((path) => path !== "") : walk(root);
  // A file deleted from the tree but not yet from the index is not there to be read.
  return [...new Set(listed)].filter((path) => existsSync(join(root, path))).toSorted();
}

function walk(folder: string, prefix = ""): string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = prefix + entry.name;
    if (!entry.isDirectory()) return [path];
    return skippedFolders.has(entry.name) ? [] : walk(join(folder, entry.name), `${path}/`);
  });
}

export const isTypeScript = (path: string): boolean =>
  /\.tsx?$/.test(path) && !path.endsWith(".d.ts");

export const isTest = (path: string): boolean => /^(packages|examples)\/.*\.test\.ts$/.test(path);

/** What oxfmt is asked to format: code and project files. Prose, data and golden files are not. */
export const isFormatted = (path: string): boolean =>
  /\.(tsx?|js|mjs)$/.test(path) || /(^|\/)tsconfig(\.\w+)?\.json$/.test(path);
