/**
 * The gates see when they read nothing, and the closing line of a run tells the truth: trial runs in a
 * temporary folder with the real configuration.
 */
import { spawnSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { projectFiles } from "../../../scripts/files.ts";
import { missing, verdict } from "../../../scripts/verdict.ts";

const root = join(import.meta.dirname, "../../..");
const bin = join(root, "node_modules/.bin");

describe("a gate", () => {
  test("is green when its tool is content and read what there is", () => {
    expect(verdict(0, 3, [], 3)).toEqual({ ok: true, note: "read 3 files" });
  });
  test("that reads nothing is red", () => {
    expect(verdict(0, 0, []).ok).toBe(false);
  });
  test("that reads less than there is is red", () => {
    expect(verdict(0, 2, [], 3).ok).toBe(false);
  });
  test("that leaves a file out is red and names it", () => {
    const lost = missing(["a.ts", "b.ts"], new Set(["a.ts", "c.ts"]));
    expect(verdict(0, 2, lost)).toEqual({ ok: false, note: "read 2 files, not read: b.ts" });
  });
  test("whose tool complains is red", () => {
    expect(verdict(1, 3, [], 3).ok).toBe(false);
  });
});

describe("the count of files", () => {
  test("is the same with and without git", () => {
    const copy = mkdtempSync(join(tmpdir(), "attune-files-"));
    mkdirSync(join(copy, "packages/a/dist"), { recursive: true });
    mkdirSync(join(copy, "node_modules/b"), { recursive: true });
    for (const path of ["a.ts", ".hidden.json", "packages/a/b.ts", "packages/a/dist/b.ts"])
      writeFileSync(join(copy, path), "");
    writeFileSync(join(copy, "node_modules/b/b.ts"), "");
    cpSync(join(root, ".gitignore"), join(copy, ".gitignore"));
    const walked = projectFiles(copy);
    expect(walked).toEqual([".gitignore", ".hidden.json", "a.ts", "packages/a/b.ts"]);
    if (spawnSync("git", ["init", "-q"], { cwd: copy }).status === 0)
      expect(projectFiles(copy)).toEqual(walked);
    rmSync(copy, { recursive: true });
  });
});

describe("the closing line", () => {
  let copy: string;
  beforeAll(() => {
    copy = mkdtempSync(join(tmpdir(), "attune-closing-"));
    cpSync(join(root, "scripts"), join(copy, "scripts"), { recursive: true });
    for (const path of ["vitest.config.ts", "tsconfig.base.json"])
      cpSync(join(root, path), join(copy, path));
    writeFileSync(join(copy, "package.json"), `{ "type": "module" }`);
    symlinkSync(join(root, "node_modules"), join(copy, "node_modules"));
    mkdirSync(join(copy, "packages"));
  });
  afterAll(() => rmSync(copy, { recursive: true }));

  function run(tests: string): { code: number | null; lines: string[] } {
    const imports = `import { beforeAll, describe, expect, test } from "vitest";\nimport fc from "fast-check";\n`;
    writeFileSync(join(copy, "packages/trial.test.ts"), imports + tests);
    const env = {
      ...process.env,
      PATH: `${bin}${delimiter}${process.env["PATH"]}`,
      ATTUNE_SEED: "7",
    };
    const ran = spawnSync(join(bin, "vitest"), ["run"], { cwd: copy, env, encoding: "utf8" });
    return { code: ran.status, lines: ran.stdout.trimEnd().split("\n") };
  }

  test("counts passed, failed and skipped, and gives reasons and the seed", () => {
    const { code, lines } = run(`
      test("a", () => expect(fc.readConfigureGlobal().seed).toBe(7));
      test("b", () => expect(1).toBe(2));
      test("c", ({ skip }) => skip("no such disk"));
    `);
    expect(code).not.toBe(0);
    expect(lines.at(-1)).toBe("1 passed, 1 failed, 1 skipped");
    expect(lines).toContain("skipped: c (no such disk)");
    expect(lines.join()).toContain("ATTUNE_SEED=7 npm test");
    expect(lines).toContain("read 1 test files");
  });
  test("is green only without failures", () => {
    const { code, lines } = run(`test("a", () => expect(1).toBe(1));`);
    expect(code).toBe(0);
    expect(lines.at(-1)).toBe("1 passed, 0 failed, 0 skipped");
  });
  test("counts a failing hook", () => {
    const hook = `beforeAll(() => { throw new Error("hook"); });`;
    const { code, lines } = run(`describe("s", () => { ${hook} test("a", () => {}); });`);
    expect(code).not.toBe(0);
    expect(lines.at(-1)).toMatch(/^0 passed, 1 failed/);
  });
  test("counts a file that does not load", () => {
    const { code, lines } = run(`throw new Error("load");`);
    expect(code).not.toBe(0);
    expect(lines.at(-1)).toBe("0 passed, 1 failed, 0 skipped");
  });
});
