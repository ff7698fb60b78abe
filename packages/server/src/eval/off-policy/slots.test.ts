/** Lists of four over items whose clicks are known: what is judged, what is named instead, what is refused. */
import { describe, expect, test } from "vitest";
import { Prng } from "../../base/prng.ts";
import { drawn } from "./draws.ts";
import { meanOf } from "./mean.ts";
import { choices } from "./plackett-luce.ts";
import { judgeSlots, type LoggedAnswer } from "./slots.ts";

const appeal: Record<string, number> = { a: 0.4, b: 0.3, c: 0.1, d: 0.15, x: 0.35, y: 0.05 };
const clickProbability = (item: string, place: number): number => appeal[item]! / (1 + 0.2 * place);
const certain = (items: string[]) => items.map((item) => ({ item, propensity: 1 }));

type Slot = { item: string; propensity: number };
type Draw = (prng: Prng) => Slot[];

/** Every other answer has one drawn slot, the third or the fourth. */
const oneSlot: Draw = (prng) => {
  const slots: Slot[] = certain(["a", "b", "c", "d"]);
  if (prng.chance(0.5)) return slots;
  const place = prng.between(2, 3);
  const arms = [slots[place]!.item, "x", "y"];
  const probabilities = [0.5, 0.3, 0.2];
  const arm = drawn(prng, probabilities);
  slots[place] = { item: arms[arm]!, propensity: probabilities[arm]! };
  return slots;
};

/** The third and the fourth are drawn one after another. */
const tail: Draw = (prng) => {
  const slots: Slot[] = certain(["a", "b"]);
  let left = Object.entries({ c: 3, d: 2, x: 2 });
  while (slots.length < 4) {
    const probabilities = choices(left.map(([, weight]) => weight));
    const arm = drawn(prng, probabilities);
    slots.push({ item: left[arm]![0], propensity: probabilities[arm]! });
    left = left.filter((_, i) => i !== arm);
  }
  return slots;
};

function logOf(draw: Draw, target: string[], answers: number, seed: number): LoggedAnswer[] {
  const prng = new Prng(seed);
  return Array.from({ length: answers }, (_, i) => ({
    cluster: i % Math.ceil(answers / 3),
    slots: draw(prng).map((slot, place) => ({
      ...slot,
      reward: prng.chance(clickProbability(slot.item, place)) ? 1 : 0,
    })),
    target: certain(target),
  }));
}

describe.each([
  ["one slot drawn", oneSlot, ["a", "b", "x", "d"]],
  ["a drawn tail", tail, ["a", "b", "x", "c"]],
] as const)("%s", (_, draw, list) => {
  const target = [...list];
  const truth = clickProbability(target[2]!, 2) + clickProbability(target[3]!, 3);

  test("IPW and DR per answer have no bias and cover the truth", () => {
    const runs = 200;
    const reports = Array.from({ length: runs }, (__, seed) =>
      judgeSlots(logOf(draw, target, 1_500, seed), { resamples: 0 }),
    );
    for (const name of ["IPW", "DR"] as const) {
      const estimates = reports.map(({ target: of }) =>
        of!.estimates!.find(({ estimator }) => estimator === name)!,
      );
      const { mean, error } = meanOf(estimates.map(({ value }) => value - truth));
      expect(Math.abs(mean / error)).toBeLessThan(3);
      const covered = estimates.filter(({ normal: [low, high] }) => low <= truth && truth <= high);
      expect(covered.length / runs).toBeGreaterThan(0.904);
      expect(covered.length / runs).toBeLessThan(0.996);
    }
  });

  test("places are told apart: judged, and the same in every answer", () => {
    const report = judgeSlots(logOf(draw, target, 1_500, 1));
    expect(report.judged).toEqual([2, 3]);
    expect(report.equal).toEqual([0, 1]);
    expect(report.unsupported).toEqual([]);
    expect(report.refusal).toBeUndefined();
    expect(report.target!.support.meanWeight).toBeGreaterThan(0.9);
  });
});

test("a place that differs and was never drawn is named, and nothing is said of it", () => {
  const report = judgeSlots(logOf(oneSlot, ["x", "b", "x", "d"], 1_500, 1));
  expect(report.unsupported).toEqual([0]);
  expect(report.judged).toEqual([2, 3]);
});

test("an item that stands elsewhere in the list is not asked about where it could not be drawn", () => {
  const report = judgeSlots(logOf(oneSlot, ["a", "b", "x", "a"], 1_500, 1));
  expect(report.judged).toEqual([2]);
  expect(report.unsupported).toEqual([3]);
  const truth = clickProbability("x", 2);
  const [low, high] = report.target!.estimates!.find((e) => e.estimator === "DR")!.normal;
  expect(low).toBeLessThan(truth);
  expect(high).toBeGreaterThan(truth);
});

test("without exploration there is no estimate, unless both lists are the same", () => {
  const none: Draw = () => certain(["a", "b", "c", "d"]);
  const report = judgeSlots(logOf(none, ["b", "a", "c", "d"], 1_500, 1));
  expect(report.refusal).toBe("no exploration");
  expect(report.target).toBeUndefined();
  const same = judgeSlots(logOf(none, ["a", "b", "c", "d"], 1_500, 1));
  expect(same.refusal).toBeUndefined();
  expect(same.equal).toEqual([0, 1, 2, 3]);
});

test("an item that is never drawn, few answers, and a target that draws are refused", () => {
  const never = judgeSlots(logOf(oneSlot, ["a", "b", "never", "d"], 1_500, 1));
  expect(never.refusal).toBe("little support");
  expect(never.target!.refusal).toContain("never drew");
  expect(judgeSlots(logOf(oneSlot, ["a", "b", "x", "d"], 260, 1)).refusal).toBe("little support");
  const draws = logOf(oneSlot, ["a", "b", "x", "d"], 1_500, 1).map((answer) => ({
    ...answer,
    target: answer.target.map((slot) => ({ ...slot, propensity: 0.5 })),
  }));
  expect(judgeSlots(draws).refusal).toBe("target explores");
  expect(judgeSlots([]).refusal).toBe("no answers");
});

/** The third, the fourth and, behind an item that stays, the last are dealt anew among those that stand there. */
const shuffle: Draw = (prng) => {
  const weights: Record<string, number> = { c: 3, d: 2, x: 2 };
  const order: Slot[] = [];
  let left = Object.keys(weights);
  while (left.length > 0) {
    const probabilities = choices(left.map((item) => weights[item]!));
    const arm = drawn(prng, probabilities);
    const item = left[arm]!;
    order.push({ item, propensity: probabilities[arm]! });
    left = left.filter((one) => one !== item);
  }
  const [third, fourth, last] = order;
  return [...certain(["a", "b"]), third!, fourth!, ...certain(["y"]), last!];
};

test("a tail in an order of chance is judged to its last slot, which has nothing left to choose from", () => {
  const target = ["a", "b", "x", "c", "y", "d"];
  const truth = [2, 3, 5].reduce((sum, place) => sum + clickProbability(target[place]!, place), 0);
  const pool = ["c", "d", "x"];
  const logged = (seed: number, isKnown = true) =>
    logOf(shuffle, target, 1_500, seed).map((answer) => ({
      ...answer,
      slots: answer.slots.map((slot) =>
        pool.includes(slot.item) ? { ...slot, ...(isKnown && { pool }) } : { ...slot, arms: [] },
      ),
    }));
  const runs = 200;
  const reports = Array.from({ length: runs }, (_, seed) =>
    judgeSlots(logged(seed), { resamples: 0 }),
  );
  for (const report of reports) {
    expect(report.judged).toEqual([2, 3, 5]);
    expect(report.equal).toEqual([0, 1, 4]);
  }
  for (const name of ["IPW", "SNIPW", "DR"] as const) {
    const estimates = reports.map(({ target: of }) =>
      of!.estimates!.find(({ estimator }) => estimator === name)!,
    );
    const { mean, error } = meanOf(estimates.map(({ value }) => value - truth));
    if (name !== "SNIPW") expect(Math.abs(mean / error)).toBeLessThan(3);
    const covered = estimates.filter(({ normal: [low, high] }) => low <= truth && truth <= high);
    expect(covered.length / runs).toBeGreaterThan(0.904);
    expect(covered.length / runs).toBeLessThan(0.996);
  }
  // The control: propensities that are a tenth too large show in the mean of many logs.
  const tampered = Array.from({ length: runs }, (_, seed) => seed).flatMap((seed) => {
    const answers = logged(seed).map((answer) => ({
      ...answer,
      slots: answer.slots.map((slot) =>
        "pool" in slot ? { ...slot, propensity: Math.min(1, slot.propensity * 1.1) } : slot,
      ),
    }));
    const { estimates } = judgeSlots(answers, { resamples: 0 }).target!;
    const ipw = estimates?.find(({ estimator }) => estimator === "IPW");
    return ipw === undefined ? [] : [ipw.value - truth];
  });
  expect(tampered.length).toBeGreaterThan(runs / 4);
  const { mean: off, error: offError } = meanOf(tampered);
  expect(off / offError).toBeLessThan(-3);
  // The control: who does not know the pool takes the last slot for one that nothing is drawn for.
  expect(judgeSlots(logged(1, false)).judged).not.toContain(5);
});

test("a tail says nothing of an item that is not of it, nor of what would stand below that", () => {
  const report = judgeSlots(
    logOf(shuffle, ["a", "b", "x", "z", "y", "d"], 1_500, 1).map((answer) => ({
      ...answer,
      slots: answer.slots.map((slot, k) =>
        [2, 3, 5].includes(k) ? { ...slot, pool: ["c", "d", "x"] } : slot,
      ),
    })),
  );
  expect(report.judged).toEqual([2]);
  expect(report.unsupported).toEqual([3, 5]);
});
