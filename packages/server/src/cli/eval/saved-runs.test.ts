import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { type Run, saveRun, withRun } from "./saved-runs.ts";

const run: Run = {
  date: "2026-11-27",
  data: "train.txt -> valid.txt",
  variant: "static",
  n: 931,
  k: 20,
  figures: { HR: { value: 0.695, interval: [0.65, 0.7] }, coverage: { value: 0.32 } },
};
const line =
  "| 2026-11-27 | train.txt -> valid.txt | static | 931 | 20 | .6950 (.6500 to .7000) |  |  |  |  | .3200 |";
const looks = "# Quality\n\n| a look | by hand |\n|---|---|\n| one | .1 |\n";

test("a page without the section gets it at its end, and what stood there stays", () => {
  const page = withRun(looks, run, "f");
  expect(page.startsWith(looks)).toBe(true);
  expect(page).toContain(`|\n${line}\n<!--`);
  expect(withRun("", run, "f")).toContain(line);
});

test("further runs are added, none is taken away, and words after the section stay", () => {
  const words = "\n## By hand\n\nStays.\n";
  const one = `${withRun(looks, run, "f")}${words}`;
  const two = withRun(one, { ...run, variant: "live" }, "f");
  expect(two.startsWith(looks)).toBe(true);
  expect(two.endsWith(words)).toBe(true);
  expect(two.split("\n").filter((text) => text.startsWith("| 2026"))).toEqual([
    line,
    line.replace("static", "live"),
  ]);
  expect(withRun(two, run, "f")).toBe(two);
  // The same run with another figure is another look.
  expect(withRun(two, { ...run, n: 930 }, "f")).not.toBe(two);
});

test("a page whose marks are torn is left alone", () => {
  const page = withRun(looks, run, "f");
  for (const torn of [
    page.replace(/<!-- saved runs: `.*/, ""),
    page.replace(/<!-- saved runs: to.*/, ""),
  ]) {
    expect(() => withRun(torn, run, "quality.md")).toThrow(/quality\.md has one of the two marks/);
  }
});

test("a file's name ends no cell and no mark", () => {
  const page = withRun(looks, { ...run, data: "a|b\n<!-- saved runs: to here -->" }, "f");
  expect(page).toContain("a\\|b &lt;!-- saved runs: to here -->");
  expect(withRun(page, run, "f")).toContain(line);
});

test("the file is replaced whole", () => {
  const folder = mkdtempSync(join(tmpdir(), "attune-saved-"));
  const file = join(folder, "quality.md");
  writeFileSync(file, looks);
  saveRun(file, run);
  expect(readFileSync(file, "utf8")).toBe(withRun(looks, run, file));
  expect(readdirSync(folder)).toEqual(["quality.md"]);
  rmSync(folder, { recursive: true, force: true });
});
