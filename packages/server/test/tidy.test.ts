/** Style as a test: sizes, names and marks that neither compiler nor linter looks at, over every source file. */
import { readFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { describe, expect, test } from "vitest";
import { parseAst } from "vitest/node";
import { isTypeScript, projectFiles } from "../../../scripts/files.ts";

const root = join(import.meta.dirname, "../../..");
const functionLinesMax = 70;
const fileLinesMax = 500;
/** Twelve is the aim, and said aloud when missed; twice as many turn the test red. */
const folderFilesAim = 12;
const folderFilesMax = 24;
const bannedWords = new Set("util utils helper helpers manager service common misc".split(" "));

const isTestFile = (path: string) =>
  path.endsWith(".test.ts") || /^(packages\/server|examples\/[^/]+)\/test\//.test(path);
const isPublishedEntry = (path: string) => /^packages\/[^/]+\/src\/index\.ts$/.test(path);
// Written so that this line is no such mark itself.
const bareMark = /\b(TO{1}DO|FIX{1}ME|X{3})\b(?!\s?\(?#\d+)/;

function untidy(path: string, text: string): string[] {
  const faults: string[] = [];
  const words = path.split(/[/.-]/);
  for (const word of words)
    if (bannedWords.has(word)) faults.push(`banned word ${word} in the name`);
  if (basename(path) === "index.ts" && !isPublishedEntry(path)) faults.push("a barrel");
  const lines = text.split("\n");
  if (lines.length - 1 > fileLinesMax) faults.push(`${lines.length - 1} lines`);
  lines.forEach((line, i) => {
    if (bareMark.test(line)) faults.push(`line ${i + 1}: a mark without an issue number`);
  });
  if (!isTestFile(path)) faults.push(...longFunctions(path, text));
  return faults.map((fault) => `${path}: ${fault}`);
}

function longFunctions(path: string, text: string): string[] {
  const faults: string[] = [];
  const lineAt = (offset: number) => text.slice(0, offset).split("\n").length;
  const visit = (node: unknown): void => {
    if (Array.isArray(node)) return node.forEach(visit);
    if (typeof node !== "object" || node === null) return;
    const { type, start, end } = node as { type?: unknown; start?: unknown; end?: unknown };
    const isFunction = typeof type === "string" && /Function(Declaration|Expression)$/.test(type);
    if (isFunction && typeof start === "number" && typeof end === "number") {
      const length = lineAt(end) - lineAt(start) + 1;
      if (length > functionLinesMax)
        faults.push(`line ${lineAt(start)}: function of ${length} lines`);
    }
    Object.values(node).forEach(visit);
  };
  visit(parseAst(text, { lang: path.endsWith("x") ? "tsx" : "ts" }));
  return faults;
}

function fullFolders(paths: readonly string[], filesMax: number): string[] {
  const counts = new Map<string, number>();
  for (const path of paths.filter((each) => !isTestFile(each)))
    counts.set(dirname(path), (counts.get(dirname(path)) ?? 0) + 1);
  return [...counts]
    .filter(([, count]) => count > filesMax)
    .map(([folder, count]) => `${folder}: ${count} files`);
}

describe("the source", () => {
  const paths = projectFiles(root).filter(isTypeScript);

  test("is read whole", () => {
    console.log(`tidy read ${paths.length} files`);
    expect(paths.length).toBeGreaterThan(20);
    expect(paths).toContain("packages/server/src/log/log.ts");
    expect(paths).toContain("packages/server/test/tidy.test.ts");
  });

  test("has short files and functions, honest names and no mark without an issue", () => {
    expect(paths.flatMap((path) => untidy(path, readFileSync(join(root, path), "utf8")))).toEqual(
      [],
    );
  });

  test(`has at most ${folderFilesMax} files a folder`, () => {
    for (const folder of fullFolders(paths, folderFilesAim))
      console.log(`tidy: ${folder}, the aim is ${folderFilesAim}`);
    expect(fullFolders(paths, folderFilesMax)).toEqual([]);
  });
});

describe("tidy sees", () => {
  const path = "packages/server/src/log/planted.ts";
  const body = (lines: number) => "  n += 1;\n".repeat(lines);
  const long = (lines: number) => `function f(n: number) {\n${body(lines - 2)}}\n`;

  test.each([
    ["a function of 71 lines", path, long(71), "function of 71 lines"],
    ["a method of 71 lines", path, `class A {\n  m() {\n${" m;\n".repeat(69)}  }\n}\n`, "71 lines"],
    ["an arrow of 71 lines", path, `const f = () => {\n${body(69)}};\n`, "71 lines"],
    ["a file of 501 lines", path, "// line\n".repeat(501), "501 lines"],
    ["a banned file name", "packages/server/src/log/disk-utils.ts", "", "banned word utils"],
    ["a banned folder name", "packages/server/src/common/disk.ts", "", "banned word common"],
    ["a barrel", "packages/server/src/log/index.ts", "", "a barrel"],
    ["a mark without an issue", path, `// ${"TO" + "DO"}: later\n`, "a mark without"],
  ])("%s", (_law, name, text, says) => {
    expect(untidy(name, text).join()).toContain(says);
  });

  test("nothing wrong just inside the limits", () => {
    expect(untidy(path, long(70))).toEqual([]);
    expect(untidy(path, "// line\n".repeat(500))).toEqual([]);
    expect(untidy(path, `// ${"TO" + "DO"}(#12): later\n`)).toEqual([]);
    expect(untidy("packages/protocol/src/index.ts", "")).toEqual([]);
  });

  test("a folder of 13 files", () => {
    const folder = (count: number) => Array.from({ length: count }, (_, i) => `a/f${i}.ts`);
    expect(fullFolders(folder(13), folderFilesAim)).toEqual(["a: 13 files"]);
    expect(fullFolders(folder(12), folderFilesAim)).toEqual([]);
  });
});
