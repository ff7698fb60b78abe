/**
 * The walls of the house stand: each forbidden import or name is planted and the gate that guards it goes
 * red. The plants go into a small copy of the tree, made of the real configuration and one sound file a
 * room, so that what is shown does not depend on the rooms' code; without plants the copy is green.
 */
import { spawnSync } from "node:child_process";
import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, dirname, join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { projectFiles } from "../../../scripts/files.ts";

const root = join(import.meta.dirname, "../../..");
const server = "packages/server/src";
const lines = (count: number, text: string): string => `${text}\n`.repeat(count);

/** One sound file a room, with every arrow of the dependency table that code can use. */
const sound: Record<string, string> = {
  "packages/protocol/src/index.ts": `export * from "./word.ts";\n`,
  "packages/protocol/src/word.ts": `export type Word = string;\n`,
  [`${server}/base/one.ts`]: `export const one = Math.floor(1.5);\n`,
  [`${server}/log/log.ts`]: `import { readFileSync } from "node:fs";
import { one } from "../base/one.ts";
export const read = (): number => readFileSync("x").length + one;\n`,
  [`${server}/core/fold/contribution.ts`]: `import type { Word } from "@attune/protocol";
import { one } from "../../base/one.ts";
export const contribution = (word: Word): number => word.length + one;\n`,
  [`${server}/core/fold/apply.ts`]: `export const apply = (count: number): number => count + 1;\n`,
  [`${server}/core/sum/total.ts`]: `import { contribution } from "../fold/contribution.ts";
export const total = (): number => contribution("a");\n`,
  [`${server}/core/rank/answer.ts`]: `import { apply } from "../fold/apply.ts";
import { total } from "../sum/total.ts";
export const answer = (): number => apply(total());\n`,
  [`${server}/core/rank/slot.ts`]: `export type Slot = number;\n`,
  [`${server}/engine/engine.ts`]: `import { read } from "../log/log.ts";
import { answer } from "../core/rank/answer.ts";
export const step = async (): Promise<number> => Promise.resolve(read() + answer());\n`,
  [`${server}/access/key.ts`]: `import { one } from "../base/one.ts";
export const key = (): number => one;\n`,
  [`${server}/ingest/accept.ts`]: `import { key } from "../access/key.ts";
import { read } from "../log/log.ts";
export const accept = (): number => read() + key();\n`,
  [`${server}/serve/door.ts`]: `import { key } from "../access/key.ts";
import { step } from "../engine/engine.ts";
export const door = async (): Promise<number> => key() + (await step());\n`,
  [`${server}/deliver/hub.ts`]: `import { key } from "../access/key.ts";
import { step } from "../engine/engine.ts";
export const hub = async (): Promise<number> => key() + (await step());\n`,
  [`${server}/admin/health.ts`]: `import { key } from "../access/key.ts";
export const health = (): number => key();\n`,
  [`${server}/eval/report.ts`]: `import { answer } from "../core/rank/answer.ts";
export const report = (): number => answer();\n`,
  [`${server}/main.ts`]: `import { step } from "./engine/engine.ts";
export const main = (): Promise<number> => step();\n`,
  [`${server}/cli/main.ts`]: `import { main } from "../main.ts";
await main();\n`,
};

interface Plant {
  law: string;
  path: string;
  text: string;
  /** What the gate must say about the file: an error code of the compiler, or the name of a rule. */
  says: string;
}

const wrongTypes: Plant[] = [
  {
    law: "fold cannot import sum",
    path: `${server}/core/fold/reads-sum.ts`,
    text: `import { total } from "../sum/total.ts";\nexport const x = total();\n`,
    says: "TS6307",
  },
  {
    law: "fold cannot import even a type of rank",
    path: `${server}/core/fold/reads-rank.ts`,
    text: `import type { Slot } from "../rank/slot.ts";\nexport type X = Slot;\n`,
    says: "TS6307",
  },
  {
    law: "sum cannot import rank",
    path: `${server}/core/sum/reads-rank.ts`,
    text: `import { answer } from "../rank/answer.ts";\nexport const x = answer();\n`,
    says: "TS6307",
  },
  {
    law: "core cannot import the log",
    path: `${server}/core/rank/reads-log.ts`,
    text: `import { read } from "../../log/log.ts";\nexport const x = read();\n`,
    says: "TS6307",
  },
  {
    law: "the log cannot import core",
    path: `${server}/log/reads-fold.ts`,
    text: `import { apply } from "../core/fold/apply.ts";\nexport const x = apply(1);\n`,
    says: "TS6307",
  },
  {
    law: "base imports nothing of ours",
    path: `${server}/base/reads-fold.ts`,
    text: `import { apply } from "../core/fold/apply.ts";\nexport const x = apply(1);\n`,
    says: "TS6307",
  },
  {
    law: "the write door cannot import core",
    path: `${server}/ingest/reads-fold.ts`,
    text: `import { apply } from "../core/fold/apply.ts";\nexport const x = apply(1);\n`,
    says: "TS6307",
  },
  {
    law: "eval cannot import the log",
    path: `${server}/eval/reads-log.ts`,
    text: `import { read } from "../log/log.ts";\nexport const x = read();\n`,
    says: "TS6307",
  },
  {
    law: "the engine cannot import a door",
    path: `${server}/engine/reads-ingest.ts`,
    text: `import { accept } from "../ingest/accept.ts";\nexport const x = accept();\n`,
    says: "TS6307",
  },
  {
    law: "access cannot import the log",
    path: `${server}/access/reads-log.ts`,
    text: `import { read } from "../log/log.ts";\nexport const x = read();\n`,
    says: "TS6307",
  },
  {
    law: "a door cannot import another door",
    path: `${server}/serve/reads-ingest.ts`,
    text: `import { accept } from "../ingest/accept.ts";\nexport const x = accept();\n`,
    says: "TS6307",
  },
  {
    law: "core has no node modules",
    path: `${server}/core/fold/reads-files.ts`,
    text: `import { readFileSync } from "node:fs";\nexport const x = readFileSync("x");\n`,
    says: "TS2591",
  },
  {
    law: "core has no timers",
    path: `${server}/core/sum/waits.ts`,
    text: `export const x = (): unknown => setTimeout(() => 1, 1);\n`,
    says: "TS2304",
  },
  {
    law: "syntax that does not strip is refused",
    path: `${server}/engine/counts.ts`,
    text: `export enum Kind {\n  a,\n}\n`,
    says: "TS1294",
  },
];

const wrongLint: Plant[] = [
  {
    law: "sum sees contribution.ts of fold and nothing else",
    path: `${server}/core/sum/reads-apply.ts`,
    text: `import type { apply } from "../fold/apply.ts";\nexport type X = typeof apply;\n`,
    says: "no-restricted-imports",
  },
  {
    law: "sum cannot import the protocol by name",
    path: `${server}/core/sum/reads-protocol.ts`,
    text: `import type { Word } from "@attune/protocol";\nexport type X = Word;\n`,
    says: "no-restricted-imports",
  },
  {
    law: "the log cannot import the protocol by name",
    path: `${server}/log/reads-protocol.ts`,
    text: `import type { Word } from "@attune/protocol";\nexport type X = Word;\n`,
    says: "no-restricted-imports",
  },
  {
    law: "a door cannot import rank, which it could reach through the engine",
    path: `${server}/deliver/reads-rank.ts`,
    text: `import type { Slot } from "../core/rank/slot.ts";\nexport type X = Slot;\n`,
    says: "no-restricted-imports",
  },
  {
    law: "access imports no room but base",
    path: `${server}/access/reads-engine.ts`,
    text: `import type { step } from "../engine/engine.ts";\nexport type X = typeof step;\n`,
    says: "no-restricted-imports",
  },
  {
    law: "a room cannot import main",
    path: `${server}/engine/reads-main.ts`,
    text: `import type { main } from "../main.ts";\nexport type X = typeof main;\n`,
    says: "no-restricted-imports",
  },
  {
    law: "core cannot import config",
    path: `${server}/core/fold/reads-config.ts`,
    text: `import type { main } from "../../config.ts";\nexport type X = typeof main;\n`,
    says: "no-restricted-imports",
  },
  {
    law: "config imports no room",
    path: `${server}/config.ts`,
    text: `import { read } from "./log/log.ts";\nexport const main = read;\n`,
    says: "no-restricted-imports",
  },
  {
    law: "core has no packages",
    path: `${server}/core/rank/reads-package.ts`,
    text: `import type { Arbitrary } from "fast-check";\nexport type X = Arbitrary<number>;\n`,
    says: "no-restricted-imports",
  },
  {
    law: "core has no clock",
    path: `${server}/core/fold/looks-at-the-clock.ts`,
    text: `export const now = (): number => Date.now();\n`,
    says: "no-restricted-globals",
  },
  {
    law: "core has no chance",
    path: `${server}/core/rank/rolls-dice.ts`,
    text: `export const roll = (): number => Math.random();\n`,
    says: "no-restricted-properties",
  },
  {
    law: "core has no transcendental function",
    path: `${server}/core/sum/decays.ts`,
    text: `export const decay = (x: number): number => Math.exp(-x);\n`,
    says: "no-restricted-properties",
  },
  {
    law: "core does not sort by locale",
    path: `${server}/core/rank/sorts.ts`,
    text: `export const order = (a: string, b: string): number => a.localeCompare(b);\n`,
    says: "no-restricted-properties",
  },
  {
    law: "core is synchronous",
    path: `${server}/core/rank/awaits.ts`,
    text: `export const x = async (): PromiseLike<number> => 1;\n`,
    says: "no-async-await",
  },
  {
    law: "a loop of types alone is a loop",
    path: `${server}/engine/egg.ts`,
    text: `import type { Hen } from "./hen.ts";\nexport interface Egg {\n  hen: Hen;\n}\n`,
    says: "no-cycle",
  },
  {
    law: "only a published entry is a barrel",
    path: `${server}/engine/barrel.ts`,
    text: `export * from "./engine.ts";\n`,
    says: "no-barrel-file",
  },
  {
    law: "no promise floats",
    path: `${server}/engine/floats.ts`,
    text: `import { step } from "./engine.ts";\nexport const x = (): void => {\n  step();\n};\n`,
    says: "no-floating-promises",
  },
  {
    law: "a function of 71 lines is too long",
    path: `${server}/engine/long-function.ts`,
    text: `export function x(): number {\n  let n = 0;\n${lines(67, "  n += 1;")}  return n;\n}\n`,
    says: "max-lines-per-function",
  },
  {
    law: "a file of 501 lines is too long",
    path: `${server}/engine/long-file.ts`,
    text: lines(500, "// one line") + "export const x = 1;\n",
    says: "max-lines",
  },
  {
    law: "file names are kebab-case",
    path: `${server}/engine/camelCase.ts`,
    text: `export const x = 1;\n`,
    says: "filename-case",
  },
];

/** The other half of the loop, and what stays inside the limits. */
const innocent: Record<string, string> = {
  [`${server}/engine/hen.ts`]: `import type { Egg } from "./egg.ts";\nexport interface Hen {\n  egg: Egg;\n}\n`,
  [`${server}/engine/just-short-function.ts`]: `export function x(): number {\n  let n = 0;\n${lines(66, "  n += 1;")}  return n;\n}\n`,
  [`${server}/engine/just-short-file.ts`]: lines(499, "// one line") + "export const x = 1;\n",
};

let copy: string;

beforeAll(() => {
  copy = mkdtempSync(join(tmpdir(), "attune-house-"));
  const isConfig = (path: string) =>
    /(^|\/)(tsconfig[^/]*\.json|package\.json)$|^oxlint\.config\.ts$/.test(path);
  const config = projectFiles(root).filter(isConfig);
  expect(config.length).toBeGreaterThan(15);
  for (const path of config) cpSync(join(root, path), join(copy, path), { recursive: true });
  mkdirSync(join(copy, "node_modules/@attune"), { recursive: true });
  for (const name of readdirSync(join(root, "node_modules")))
    if (name !== "@attune")
      symlinkSync(join(root, "node_modules", name), join(copy, "node_modules", name));
  for (const name of ["protocol", "server"])
    symlinkSync(join(copy, "packages", name), join(copy, "node_modules/@attune", name));
  write(sound);
});

afterAll(() => rmSync(copy, { recursive: true, force: true }));

function write(files: Record<string, string>): void {
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(copy, path)), { recursive: true });
    writeFileSync(join(copy, path), text);
  }
}

/** Runs a gate in the copy; `said` holds the lines it printed. */
function gate(tool: string, args: string[]): { code: number | null; said: string[] } {
  const bin = join(root, "node_modules/.bin");
  const env = { ...process.env, PATH: `${bin}${delimiter}${process.env["PATH"]}`, NO_COLOR: "1" };
  const ran = spawnSync(join(bin, tool), args, { cwd: copy, env, encoding: "utf8" });
  return { code: ran.status, said: `${ran.stdout}\n${ran.stderr}`.split("\n") };
}

const plant = (plants: Plant[]): void =>
  write({ ...innocent, ...Object.fromEntries(plants.map(({ path, text }) => [path, text])) });

/** The lines about one file. */
const about = (said: string[], path: string): string =>
  said.filter((line) => line.includes(path)).join("\n");

describe("the compiler", () => {
  let said: string[];
  test("accepts the sound house", () => {
    expect(gate("tsc", ["-b", "--pretty", "false"])).toEqual({ code: 0, said: ["", ""] });
  });
  test("refuses the planted one", () => {
    plant(wrongTypes);
    const ran = gate("tsc", ["-b", "--pretty", "false"]);
    expect(ran.code).not.toBe(0);
    said = ran.said;
  });
  test.each(wrongTypes)("$law", ({ path, says }) => {
    expect(about(said, path)).toContain(says);
  });
});

describe("the linter", () => {
  let said: string[];
  test("accepts the sound house", () => {
    for (const { path } of wrongTypes) rmSync(join(copy, path), { force: true });
    for (const path of Object.keys(innocent)) rmSync(join(copy, path), { force: true });
    const ran = gate("oxlint", ["--format=unix"]);
    expect(ran.said.filter((line) => line.includes(".ts:"))).toEqual([]);
    expect(ran.code).toBe(0);
  });
  test("refuses the planted one", () => {
    plant(wrongLint);
    const ran = gate("oxlint", ["--format=unix"]);
    expect(ran.code).not.toBe(0);
    said = ran.said;
  });
  test.each(wrongLint)("$law", ({ path, says }) => {
    expect(about(said, path)).toContain(says);
  });
  test("lets pass what is just inside the limits", () => {
    expect(about(said, "just-short")).toBe("");
  });
});
