/** `attune eval` as a process: a split by users, a plot, and runs saved into a page that is otherwise left alone. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { attuneIn } from "./attune.ts";
import { Prng } from "../../src/base/prng.ts";

let folder = "";

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "attune-eval-"));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function attune(...argv: string[]) {
  return attuneIn(folder, join(folder, "data"), argv);
}

/** Users who like one of three genres of twelve items, nine of them each. */
function ratings(): string {
  const prng = new Prng(4);
  const rows = ["user_id:token\titem_id:token\trating:float\ttimestamp:float"];
  for (let user = 0; user < 60; user++) {
    const items = Array.from({ length: 12 }, (_, place) => place);
    for (let step = 0; step < 9; step++) {
      const [place] = items.splice(prng.below(items.length), 1);
      rows.push(`u${user}\tg${user % 3}-${place}\t5\t${user * 1_000 + step}`);
    }
  }
  return `${rows.join("\n")}\n`;
}

interface Report {
  users: number;
  hr: number;
  intervals: Record<string, [number, number]>;
}

test("users are split in time, with intervals that go with the seed", () => {
  writeFileSync(join(folder, "r.inter"), ratings());
  const run = (...argv: string[]): Report => {
    const { status, stdout, stderr } = attune("eval", "--ratings", "r.inter", "--json", ...argv);
    expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
    return JSON.parse(stdout) as Report;
  };
  const report = run("--by", "users");
  expect(report.users).toBe(60);
  // Of 36 items ten are shown, and three of the own genre are left: by chance a hit is no matter of course.
  expect(report.hr).toBeGreaterThan(0.9);
  const [low, high] = report.intervals["ndcg"]!;
  expect(low).toBeLessThan(high);
  expect(run("--by", "users", "--seed", "1").intervals).toEqual(report.intervals);
  expect(run("--by", "users", "--seed", "2").intervals).not.toEqual(report.intervals);
  // Split by items some users have nothing left to be asked about.
  expect(run().users).toBeLessThan(60);
}, 60_000);

test("a run is drawn and saved, and the page keeps its own words", () => {
  writeFileSync(join(folder, "r.inter"), ratings());
  const words = "# Ours\n\nBy hand.\n";
  writeFileSync(join(folder, "quality.md"), words);
  const argv = ["eval", "--ratings", "r.inter", "--by", "users", "--save", "quality.md"];
  expect(attune(...argv, "--plot", "plot.svg").status).toBe(0);
  expect(attune(...argv, "--for-you").status).toBe(0);
  const page = readFileSync(join(folder, "quality.md"), "utf8");
  expect(page.startsWith(words)).toBe(true);
  const lines = page.split("\n").filter((line) => line.includes("r.inter"));
  expect(lines).toHaveLength(2);
  expect(lines[0]).toMatch(/by users, long-term taste \| 60 \| 10 \| [.\d]+ \([.\d]+ to [.\d]+\)/);
  const plot = readFileSync(join(folder, "plot.svg"), "utf8");
  expect(plot).toMatch(/^<svg [^]*nDCG@10[^]*<\/svg>\n$/);
  expect(plot).toContain("prefers-color-scheme: dark");
}, 60_000);

test.each([
  [["--ratings", "r.inter", "--by", "sessions"], "--by is items or users"],
  [["--train", "a", "--test", "b", "--by", "users"], "--by goes with --ratings"],
  [["--world", "skips", "--save", "q.md"], "go with figures of lists"],
])("%j is answered with what is wrong", (argv, message) => {
  const { status, stderr } = attune("eval", ...argv);
  expect(stderr).toContain(message);
  expect(status).toBe(2);
});
