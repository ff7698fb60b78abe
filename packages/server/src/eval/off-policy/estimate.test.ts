/** The formulas on rows small enough for a pencil, the laws between them, and what is refused. */
import { describe, expect, test } from "vitest";
import { Prng } from "../../base/prng.ts";
import { estimate } from "./estimate.ts";
import { addRow, definitions, type Estimator, noSums, type Row } from "./estimators.ts";
import { crossFit, fitRates } from "./reward-model.ts";

const row = (
  reward: number,
  weight: number,
  qLogged: number,
  qTarget: number,
  cluster = 0,
): Row => ({
  reward,
  weight,
  qLogged,
  qTarget,
  cluster,
});

function valueOf(name: Estimator, rows: readonly Row[]): number {
  const sums = noSums();
  for (const one of rows) addRow(sums, one, { tau: 5, lambda: 50 });
  return definitions[name].value(sums);
}

/** 600 rows of a coin: weights 0.5 and 1.5, which average 1 over the two halves. */
function coin(rewardOf: (i: number, prng: Prng) => number, q = 0.2): Row[] {
  const prng = new Prng(11);
  return Array.from({ length: 600 }, (_, i) =>
    row(rewardOf(i, prng), i % 2 === 0 ? 0.5 : 1.5, q, q, i),
  );
}

describe("the formulas", () => {
  const rows = [row(1, 2, 0.5, 0.4), row(0, 10, 0.1, 0.2)];
  test.each<[Estimator, number]>([
    ["IPW", 1],
    ["SNIPW", 2 / 12],
    ["DM", 0.3],
    ["DR", 0.3 + (2 * 0.5 - 10 * 0.1) / 2],
    ["SNDR", 0.3 + (2 * 0.5 - 10 * 0.1) / 12],
    ["Switch-DR", 0.3 + (2 * 0.5) / 2],
    ["DRos", 0.3 + ((100 / 54) * 0.5 - (500 / 150) * 0.1) / 2],
  ])("%s", (name, expected) => expect(valueOf(name, rows)).toBeCloseTo(expected, 12));
});

describe("laws", () => {
  test("rows of the target's own policy, every weight 1: IPW, SNIPW, DR and SNDR are the mean reward", () => {
    const rows = coin((i) => (i % 5 === 0 ? 1 : 0)).map((one) => ({ ...one, weight: 1 }));
    for (const name of ["IPW", "SNIPW", "DR", "SNDR"] as const)
      expect(valueOf(name, rows)).toBeCloseTo(0.2, 12);
  });

  test("a reward that never changes is found exactly by SNIPW, whatever the weights", () => {
    expect(
      valueOf(
        "SNIPW",
        coin(() => 0.7),
      ),
    ).toBeCloseTo(0.7, 12);
  });

  test("a perfect model leaves DR without spread, where IPW has some", () => {
    const { estimates } = estimate(
      coin(() => 0.2),
      { resamples: 0 },
    );
    const error = (name: Estimator) => estimates!.find((e) => e.estimator === name)!.standardError;
    expect(error("DR")).toBeLessThan(1e-12);
    expect(error("IPW")).toBeGreaterThan(0.001);
  });

  test("normal and bootstrap intervals of IPW agree, and copies of rows in one cluster bring no precision", () => {
    const rows = coin((_, prng) => (prng.chance(0.3) ? 1 : 0));
    const [once, twice] = [rows, [...rows, ...rows]].map((all) =>
      estimate(all, { resamples: 2_000 }).estimates!.find((e) => e.estimator === "IPW")!,
    ) as [Estimated, Estimated];
    expect(once.bootstrap![0]).toBeCloseTo(once.normal[0], 2);
    expect(once.bootstrap![1]).toBeCloseTo(once.normal[1], 2);
    expect(twice.standardError).toBeCloseTo(once.standardError, 12);
  });
});
type Estimated = NonNullable<ReturnType<typeof estimate>["estimates"]>[number];

describe("refusals", () => {
  test("no row, few effective rows, one row that outweighs the rest, weights that do not average 1", () => {
    const plain = coin(() => 0);
    expect(estimate([]).refusal).toContain("no row");
    expect(estimate(plain.slice(0, 80)).refusal).toContain("effective sample size");
    const one = plain.map((each, i) => (i === 0 ? { ...each, weight: 20 } : each));
    expect(estimate(one).refusal).toContain("one row alone");
    const low = plain.map((each) => ({ ...each, weight: each.weight / 2 }));
    expect(estimate(low).refusal).toContain("average 0.500");
    const high = plain.map((each) => ({ ...each, weight: each.weight * 2 }));
    expect(estimate(high).refusal).toContain("too small");
    expect(estimate(plain).refusal).toBeUndefined();
  });
});

describe("the reward model", () => {
  test("draws the rate of an item towards the overall rate by 200 rows", () => {
    const outcomes = [
      ...Array.from({ length: 100 }, (_, i) => ({ item: 1, reward: i < 50 ? 1 : 0, cluster: i })),
      ...Array.from({ length: 300 }, (_, i) => ({ item: 2, reward: i < 30 ? 1 : 0, cluster: i })),
    ];
    const model = fitRates(outcomes);
    expect(model(1)).toBeCloseTo((50 + 200 * 0.2) / 300, 12);
    expect(model(2)).toBeCloseTo((30 + 200 * 0.2) / 500, 12);
    expect(model(3)).toBeCloseTo(0.2, 12);
  });

  test("judges no row by a model that saw its cluster", () => {
    const outcomes = Array.from({ length: 90 }, (_, i) => ({
      item: 1,
      reward: i % 3 === 0 ? 1 : 0,
      cluster: i,
    }));
    const models = crossFit(outcomes);
    expect(models[0]!(1)).toBe(0);
    expect(models[1]!(1)).toBeCloseTo(0.5, 12);
    expect(new Set(models).size).toBe(3);
  });
});
