/** The list of files of a backup with their sizes and SHA-256 sums. */
import { createHash } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { basename, join, relative } from "node:path";
import { CodedError } from "@attune/protocol";

export interface ManifestFile {
  name: string;
  bytes: number;
  sha256: string;
}

export const manifestName = "manifest.json";

export function sumOf(directory: string, path: string): ManifestFile {
  const bytes = readFileSync(path);
  const sha256 = createHash("sha256").update(bytes).digest("hex");
  return { name: relative(directory, path), bytes: bytes.length, sha256 };
}

/** The files of a backup, each compared with its sum; a CodedError says which one is damaged. */
export function checkedManifest(directory: string): ManifestFile[] {
  const path = join(directory, manifestName);
  if (!existsSync(path)) {
    throw new CodedError("data_invalid", `${directory} has no ${manifestName}: it is no backup.`);
  }
  const { files } = JSON.parse(readFileSync(path, "utf8")) as { files: ManifestFile[] };
  for (const { name, bytes, sha256 } of files) {
    if (basename(name) !== name)
      throw new CodedError("data_invalid", `${name} lies outside of the backup.`);
    const file = join(directory, name);
    const found = existsSync(file) ? sumOf(directory, file) : undefined;
    if (found?.sha256 === sha256 && found.bytes === bytes) continue;
    const what = found === undefined ? "is missing" : "is not what the manifest says";
    throw new CodedError(
      "data_invalid",
      `${name} ${what}: this backup is damaged, take another one.`,
    );
  }
  return files;
}
