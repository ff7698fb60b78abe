/** The bench runs, whole and at a tiny size, and its load is what it says; no time is ever asserted. */
import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Axis, type Point, pointsOf } from "../../../bench/curves/axes.ts";
import { dayMs, Interactions, loadOf, loadStart } from "../../../bench/generate.ts";
import { measurements } from "../../../bench/measurements.ts";
import { selfTimes } from "../../../bench/million/profile.ts";
import type { Run } from "../../../bench/page.ts";

const main = join(import.meta.dirname, "../../../bench/main.ts");

function bench(args: string[], tmp: string): Promise<{ code: number | null; output: string }> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [main, ...args], {
      stdio: ["ignore", "pipe", "pipe"],
      env: { ...process.env, TMPDIR: tmp },
      timeout: 400_000,
    });
    let output = "";
    let progress = "";
    child.stdout.setEncoding("utf8").on("data", (chunk: string) => (output += chunk));
    child.stderr.setEncoding("utf8").on("data", (chunk: string) => (progress += chunk));
    child.on("error", reject);
    child.on("close", (code) => resolve({ code, output: output === "" ? progress : output }));
  });
}

describe("a tiny run", () => {
  const tmp = mkdtempSync(join(tmpdir(), "attune-bench-test-"));
  const page = join(tmp, "page.md");
  let run: Run;

  beforeAll(async () => {
    // By name, so that those are in it that a usual run leaves out.
    const only = measurements.map(({ name }) => name).join(",");
    const args = ["--interactions", "1000", "--only", only, "--json", "--save", page];
    const { code, output } = await bench(args, tmp);
    run = JSON.parse(output) as Run;
    expect([code, run.results.filter(({ error }) => error !== undefined)]).toEqual([0, []]);
  }, 420_000);
  afterAll(() => rmSync(tmp, { recursive: true, force: true }));

  test("takes every measurement, and every figure is a finite number", () => {
    expect(run.results.map(({ name }) => name)).toEqual(measurements.map(({ name }) => name));
    for (const { name, measured } of run.results) {
      const figures = measured?.figures ?? [];
      const odd = figures.filter(({ value }) => !Number.isFinite(value));
      expect({ name, odd, isEmpty: figures.length === 0 }).toEqual({
        name,
        odd: [],
        isEmpty: false,
      });
    }
  });

  test("states what it has to hold: the floors are there, met or not", () => {
    const floors = run.results.flatMap(({ measured }) =>
      (measured?.figures ?? []).filter(({ floor }) => floor !== undefined),
    );
    expect(floors.length).toBeGreaterThanOrEqual(10);
  });

  test("writes the page with its plots, and removes its temporary files", () => {
    const text = readFileSync(page, "utf8");
    for (const { title } of run.results) expect(text).toContain(`## ${title}\n`);
    expect(text).not.toMatch(/NaN|undefined/);
    for (const name of ["answers", "memory", "curves-users", "curves-memory", "curves-rate"]) {
      const plot = readFileSync(join(tmp, `page-${name}.svg`), "utf8");
      expect(plot).toMatch(/^<svg [^]*<polyline [^]*<\/svg>\n$/);
      expect(plot).not.toMatch(/NaN|undefined|Infinity/);
    }
  });
});

test("an unknown measurement is refused by a list of those there are", async () => {
  const { code, output } = await bench(["--only", "nothing"], tmpdir());
  expect(code).toBe(2);
  expect(output).toContain("there are fold, append");
});

test("sizes of curves that are none are refused", async () => {
  const { code, output } = await bench(["--curves", "users=5"], tmpdir());
  expect([code, output]).toEqual([2, expect.stringContaining("whole numbers from 20")]);
});

describe("the points of the curves", () => {
  const load = loadOf(1_000_000);
  const sizes = (points: readonly Point[], axis: "users" | "items" | "interactions") =>
    points.map((point) => point.load[axis]);
  const off = (points: readonly Point[], axis: Axis) =>
    points.filter(({ on }) => !on.includes(axis));

  test("move one axis at a time round one base, and reach what they promise", () => {
    const points = pointsOf(load, {}, true);
    expect(Math.max(...sizes(points, "users"))).toBe(1_000_000);
    expect(Math.max(...sizes(points, "items"))).toBe(1_000_000);
    expect(Math.max(...sizes(points, "interactions"))).toBe(20_000_000);
    expect(new Set(sizes(off(points, "users"), "users"))).toEqual(new Set([200_000]));
    expect(new Set(sizes(off(points, "items"), "items"))).toEqual(new Set([50_000]));
    expect(new Set(sizes(off(points, "events"), "interactions"))).toEqual(new Set([1_000_000]));
    expect(points.filter(({ on }) => on.length === 3)).toHaveLength(1);
  });

  test("stand where they are asked for", () => {
    const points = pointsOf(load, { users: [20, 300], items: [], events: [] }, false);
    expect(points.map(({ load: { users } }) => users)).toEqual([20, 300, 200_000]);
  });
});

test("self times are shares of the time that was not idle", () => {
  const node = (id: number, functionName: string, url: string) => ({
    id,
    callFrame: { functionName, url, lineNumber: 8 },
  });
  const profile = {
    nodes: [
      node(1, "(idle)", ""),
      node(2, "mix", "file:///x/packages/server/src/core/rank/blend.ts"),
      node(3, "", "file:///x/node_modules/fastify/lib/route.js"),
      node(4, "mix", "file:///x/packages/server/src/core/rank/blend.ts"),
    ],
    samples: [1, 2, 3, 4],
    timeDeltas: [400, 300, 100, 200],
  };
  const { busyShare, tables } = selfTimes(profile, "main thread");
  expect(busyShare).toBe(0.6);
  expect(tables.map(({ rows }) => rows[0])).toEqual([
    ["mix core/rank/blend.ts:9", (100 * 500) / 600],
    ["core/rank", (100 * 500) / 600],
  ]);
});

describe("the load", () => {
  const load = loadOf(20_000);
  const all = (seed: number) => {
    const interactions = new Interactions({ ...load, seed });
    return Array.from({ length: load.interactions }, () => {
      interactions.next();
      const { user, item, type, at } = interactions;
      return { user, item, type, at };
    });
  };
  const events = all(1);

  test("is a function of the seed", () => {
    expect(all(1)).toEqual(events);
    expect(all(2)).not.toEqual(events);
  });

  test("stays in order of time, within its days, users and items", () => {
    let last = loadStart;
    for (const { at, user, item } of events) {
      expect(at >= last && at < loadStart + load.days * dayMs).toBe(true);
      expect(user >= 0 && user < load.users && item >= 0 && item < load.items).toBe(true);
      last = at;
    }
  });

  test("has popular items and a long tail", () => {
    const counts = new Map<number, number>();
    for (const { item } of events) counts.set(item, (counts.get(item) ?? 0) + 1);
    const sorted = [...counts.values()].sort((a, b) => b - a);
    const top = sorted.slice(0, load.items / 10).reduce((sum, count) => sum + count, 0);
    expect(top / load.interactions).toBeGreaterThan(0.3);
    expect(counts.size).toBeGreaterThan(load.items * 0.9);
  });

  test("has followers: what comes next depends on what came before", () => {
    const previous = new Map<number, number>();
    const pairs = new Map<string, number>();
    for (const { user, item } of events) {
      const before = previous.get(user);
      if (before !== undefined) {
        const pair = `${before} ${item}`;
        pairs.set(pair, (pairs.get(pair) ?? 0) + 1);
      }
      previous.set(user, item);
    }
    // By chance alone a pair of a thousand items would come up about once.
    const repeated = [...pairs.values()].filter((count) => count >= 5);
    expect(repeated.length).toBeGreaterThan(100);
  });
});
