/**
 * What circumstances are worth and how good predictions are, through the path that serves: on simulators whose
 * truth an oracle knows, on the vendored sessions, and on rsc15-100k where it is. Seeds that nothing was tuned on.
 */
import { existsSync } from "node:fs";
import { join } from "node:path";
import type { Context } from "@attune/protocol";
import { describe, expect, test } from "vitest";
import { evaluateContext } from "../src/eval/context/evaluate.ts";
import { evaluateSessionEnd } from "../src/eval/predict/session-end.ts";
import { evaluateSkips } from "../src/eval/predict/skips.ts";
import { qualityOf } from "../src/eval/predict/calibration.ts";
import { type FileSession, readSessions } from "../src/eval/session-file.ts";

const serenade = join(import.meta.dirname, "data/serenade-example");
const rsc15 = join(import.meta.dirname, "../../../../shared/data/rsc15-100k");

describe("context", { timeout: 180_000 }, () => {
  const world = { seed: 31, users: 300, items: 120, sessionsOfUser: 10 };

  test("four fifths of the oracle's lift are recovered, and a planted swap of the circumstances fails that", () => {
    const report = evaluateContext({ ...world, hasEffect: true });
    expect(report.lift - report.liftHalf).toBeGreaterThan(0);
    expect(report.ofEffects).toBeGreaterThanOrEqual(0.8);
    const swapped = evaluateContext({ ...world, hasEffect: true, stated: swap });
    expect(swapped.blind).toBe(report.blind);
    expect(swapped.ofEffects).toBeLessThan(0.8);
  });

  test("where circumstances change nothing, no lift is invented", () => {
    const { lift, liftHalf } = evaluateContext({ ...world, hasEffect: false });
    expect(Math.abs(lift)).toBeLessThanOrEqual(liftHalf + 0.001);
  });
});

function swap({ place, device }: Context): Context {
  const places: Record<string, string> = { home: "gym", gym: "home", work: "car", car: "work" };
  const devices: Record<string, string> = { phone: "desktop", desktop: "phone" };
  return { place: places[place!], device: devices[device!] ?? device };
}

describe("skips", { timeout: 120_000 }, () => {
  test("are foreseen better than by the base rate or the last action, and as often as they come", () => {
    const report = evaluateSkips({
      seed: 31,
      users: 300,
      items: 100,
      sessionsOfUser: 6,
      playsOfSession: 10,
    });
    expect(report.predictions).toBe(3_000);
    const { predicted, lastAction, base, oracle } = report;
    expect(base.auc).toBe(0.5);
    expect(lastAction.auc).toBeGreaterThan(0.5);
    expect(predicted.auc).toBeGreaterThan(lastAction.auc + 0.05);
    expect(predicted.auc).toBeLessThan(oracle.auc);
    expect(predicted.brier).toBeLessThan(lastAction.brier);
    expect(predicted.ece).toBeLessThan(0.04);
    // What the ranker makes of it: the first ten of an answer are skipped less.
    const gain = report.headSkipsWithoutRisk - report.headSkips;
    expect(gain).toBeGreaterThan(report.differenceHalf);
  });
});

describe("the end of a session", { timeout: 180_000 }, () => {
  const holds = (train: readonly FileSession[], test: readonly FileSession[]) => {
    const report = evaluateSessionEnd(train, test);
    expect(report.predicted.auc).toBeGreaterThan(report.lastAction.auc + 0.02);
    expect(report.later.auc).toBeGreaterThan(report.laterLastAction.auc + 0.02);
    expect(report.predicted.brier).toBeLessThan(report.lastAction.brier);
    expect(report.predicted.ece).toBeLessThan(0.04);
    expect(report.base.auc).toBe(0.5);
    return report;
  };

  test("is foreseen better than by the last action: serenade-example", () => {
    const train = readSessions(join(serenade, "train.txt.gz"));
    const { predictions } = holds(train, readSessions(join(serenade, "valid.txt")));
    expect(predictions).toBe(1_451);
  });

  test("and rsc15-100k", ({ skip }) => {
    if (!existsSync(rsc15))
      skip("../shared/data/rsc15-100k is not here: it may be read, not vendored");
    const clicks = (name: string) => readSessions(join(rsc15, `yoochoose-clicks-100k_${name}.txt`));
    const report = holds(clicks("train_tr"), clicks("train_valid"));
    expect(report.predicted.auc).toBeGreaterThan(0.735);
  });

  test("a prediction that looks at the wrong session fails that", () => {
    const train = readSessions(join(serenade, "train.txt.gz"));
    const sessions = readSessions(join(serenade, "valid.txt"));
    // The same clicks, dealt out to sessions in turn: nothing is left to know.
    const items = sessions.flatMap((session) => session.items);
    const dealt = sessions.map(({ id }, at) => {
      const own = items.filter((_, place) => place % sessions.length === at);
      return { id, items: own, at: own.map((_, place) => place * 30_000) };
    });
    expect(() => holds(train, dealt)).toThrow(/greater than/);
  });
});

test("quality is that of the textbook", () => {
  const outcomes = [
    { p: 0.9, isTrue: true },
    { p: 0.4, isTrue: true },
    { p: 0.4, isTrue: false },
    { p: 0.1, isTrue: false },
  ];
  const { auc, brier, ece, bins } = qualityOf(outcomes);
  expect(auc).toBe(3.5 / 4);
  expect(brier).toBeCloseTo((0.01 + 0.36 + 0.16 + 0.01) / 4);
  expect(bins.map(({ count }) => count)).toEqual([1, 2, 1]);
  expect(ece).toBeCloseTo((0.1 + 2 * 0.1 + 0.1) / 4);
});
