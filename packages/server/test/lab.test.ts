/**
 * The lab on a real log: an engine answers and lets chance decide some slots, people click by known
 * probabilities, and what another configuration would have earned is held against those probabilities.
 */
import { afterEach, describe, expect, test } from "vitest";
import { Prng } from "../src/base/prng.ts";
import { type RecordInput, recordSchema } from "../src/base/record.ts";
import { utf8Encode } from "../src/base/text.ts";
import { type LabOutcome, loggedAnswers } from "../src/cli/lab/logged-answers.ts";
import { foldLimits } from "../src/core/fold/state.ts";
import { weightOne } from "../src/core/rank/blend.ts";
import type { Exploration } from "../src/core/rank/explore/budget.ts";
import { Explorer } from "../src/core/rank/explore/explorer.ts";
import type { TailShuffle } from "../src/core/rank/explore/tail-shuffle.ts";
import {
  builtInDefinitions,
  defined,
  type DefinitionDocument,
  type Definitions,
} from "../src/core/rank/placement.ts";
import { MemoryCheckpoint } from "../src/engine/checkpoint/memory.ts";
import { Engine } from "../src/engine/engine.ts";
import { engineRecord, hashOf } from "../src/engine/payload.ts";
import { replayDecisions } from "../src/engine/replay-decisions.ts";
import type { Estimator } from "../src/eval/off-policy/estimators.ts";
import {
  judgeSlots,
  type LoggedAnswer,
  type LoggedSlot,
  type SlotReport,
} from "../src/eval/off-policy/slots.ts";
import type { Log } from "../src/log/log.ts";
import { openMemoryLog } from "../src/log/memory.ts";

const tenant = 1;
const start = Date.UTC(2026, 5, 1);
const placement = "for-you";
const people = 40;
const rounds = 80;
const appealOf = (item: string): number => 0.08 + 0.06 * (Number(item.slice(1)) % 8);
/** The most popular, but for the best of them. */
const asked = {
  definitions: [
    {
      ...builtInDefinitions.placements[placement],
      kind: "placement",
      sources: { popular: weightOne },
    },
    { kind: "rule", id: "less", items: ["i7"], bury: 100 },
  ].reduce<Definitions>(defined, builtInDefinitions),
  placement,
};

interface Stage {
  log: Log;
  engine: Engine;
}

let open: Engine | undefined;
afterEach(async () => {
  await open?.close();
  open = undefined;
});

/** The built-in placement, which leaves so much of its list to chance: absent, nothing. */
async function stageOf(
  exploration?: Partial<Exploration>,
  hasViews = false,
  tailShuffle?: Partial<TailShuffle>,
): Promise<Stage> {
  const log = await openMemoryLog({ partitions: 2, now: () => start });
  const checkpoint = new MemoryCheckpoint();
  const easeLikesMin = 1;
  const engine = await Engine.open({ log, checkpoint, now: () => start, hasViews, easeLikesMin });
  open = engine;
  await engine.setPolicy(tenant, { bases: { personalization: "contract", analytics: "contract" } });
  const { exploration: _, ...builtIn } = builtInDefinitions.placements[placement]!;
  const chance = { exploration, tailShuffle };
  const document = { kind: "placement", ...builtIn, ...chance } as DefinitionDocument;
  await engine.append([engineRecord("definition", document, { tenant, at: start, id: "budget" })]);
  return { log, engine };
}

const catalogue = Array.from({ length: 9 }, (_, i) => `i${i}`);

function event(user: number, at: number, payload: Record<string, unknown>): RecordInput {
  return {
    schema: recordSchema,
    kind: "event",
    tenant,
    subject: hashOf(`user ${user}`),
    identity: "verified",
    purposes: 0b11,
    merged: false,
    source: "test",
    at,
    receivedAt: at,
    messageHash: hashOf(`${user}/${at}/${JSON.stringify(payload)}`),
    payload: utf8Encode(JSON.stringify({ strength: 1, ...payload })),
  };
}

/** Rounds of one answer a person: slots are seen, and clicked as their items are liked. */
async function live({ engine }: Stage, rounds: number, isSeen = true, limit = 4): Promise<void> {
  const prng = new Prng(9);
  let at = start;
  const past = Array.from({ length: people * 4 }, (_, i) =>
    event(i % people, (at += 1_000), { type: "view", item: prng.pick(catalogue) }),
  );
  await engine.append(past);
  for (let round = 0; round < rounds; round++) {
    await engine.settled();
    at += 3_600_000;
    const shown = Array.from({ length: people }, (_, user) => {
      const request = { placement, limit, now: at };
      const preview = engine.preview(tenant, hashOf(`user ${user}`), request);
      return { items: preview.items, decisionId: preview.decide() };
    });
    await engine.settled();
    if (!isSeen) continue;
    const followed = shown.flatMap(({ items, decisionId }, user) => {
      const seen = { type: "seen", decisionId, slots: items.map((_, slot) => slot) };
      const clicks = items.filter(({ item }) => prng.chance(appealOf(item)));
      return [
        event(user, at + 1, seen),
        ...clicks.map(({ item }, i) =>
          event(user, at + 2 + i, { type: "view", item, decisionId, strength: 1 }),
        ),
      ];
    });
    await engine.append(followed);
  }
  await engine.settled();
}

async function judged(log: Log, outcome: LabOutcome = "click") {
  const logged = await loggedAnswers(log, foldLimits, { tenant, placement, outcome, asked });
  return { logged, report: judgeSlots(logged.answers) };
}

/** What the asked list earns on open slots of the judged places, exactly, averaged over the requests. */
function truthOf(report: SlotReport, answers: readonly LoggedAnswer[]) {
  let sum = 0;
  for (const { slots, target } of answers) {
    for (const place of report.judged) {
      const wanted = target[place]?.item;
      if (wanted !== undefined && slots[place]!.arms!.includes(wanted)) sum += appealOf(wanted);
    }
  }
  return sum / answers.length;
}

/** Whether an interval, of itself the doubly robust one, holds a value; false where there is no estimate. */
function covers({ target }: SlotReport, value: number, by: Estimator = "DR"): boolean {
  const robust = target?.estimates?.find(({ estimator }) => estimator === by);
  return robust !== undefined && robust.normal[0] < value && value < robust.normal[1];
}

/** Faults of a log: propensities that are too large, and those of a draw in which all arms are alike. */
const tampered: ((slot: LoggedSlot) => LoggedSlot)[] = [
  (slot) => ({ ...slot, propensity: Math.min(0.999, slot.propensity * 1.5) }),
  (slot) => ({ ...slot, propensity: 1 / slot.arms!.length }),
];

describe("logged answers", () => {
  test("with drawn slots give an estimate whose interval holds the truth", async () => {
    // What is known of the nine items soon leaves little doubt: the estimate needs those that are hardly ever best.
    const stage = await stageOf({ everySlots: 2, arms: 4, uniformPermille: 300 });
    await live(stage, rounds);
    const { logged, report } = await judged(stage.log);
    expect(logged.decisions).toBe(people * rounds);
    expect(logged.leftOut).toEqual({ strangers: 0, unseen: 0, held: 0, differing: 0, redrawn: 0 });
    expect(logged.answers).toHaveLength(people * rounds);
    // What chance decided is what the replay decides, to the bit.
    expect(logged.replayed).toBe(people * rounds);
    expect(report.judged).toEqual([2, 3]);
    expect(report.refusal).toBeUndefined();
    expect(covers(report, truthOf(report, logged.answers))).toBe(true);
    // The list asked about earns something else than the one that was shown.
    expect(covers(report, report.logged.judged.value)).toBe(false);
    // Clicks of every answer are counted, not those of the newest decisions that a state keeps.
    const clicks = logged.answers.reduce(
      (sum, { slots }) => sum + slots.reduce((of, { reward }) => of + reward, 0),
      0,
    );
    expect(report.logged.all.value).toBeCloseTo(clicks / logged.answers.length, 12);
    expect(clicks).toBeGreaterThan(people * rounds * 4 * 0.2);
    for (const tamper of tampered) {
      const answers = logged.answers.map((answer) => ({
        ...answer,
        slots: answer.slots.map((slot) => (slot.propensity < 1 ? tamper(slot) : slot)),
      }));
      const bad = judgeSlots(answers);
      expect(covers(bad, truthOf(bad, answers))).toBe(false);
    }
  });

  test("with a tail in an order of chance give estimates of another order, which hold the truth", async () => {
    const stage = await stageOf(undefined, false, { firstSlot: 2, temperaturePermille: 1_000 });
    await live(stage, rounds, true, 6);
    const { logged, report } = await judged(stage.log);
    expect(logged.answers).toHaveLength(people * rounds);
    expect(logged.leftOut).toMatchObject({ differing: 0, redrawn: 0 });
    expect(logged.replayed).toBe(people * rounds);
    expect(report.judged).toContain(2);
    expect(report.judged).toContain(3);
    expect(report.refusal).toBeUndefined();
    const truth = (of: SlotReport, answers: readonly LoggedAnswer[]) =>
      answers.reduce((sum, { slots, target }) => {
        let isOpen = true;
        slots.forEach(({ pool }, place) => {
          if (pool === undefined) return;
          const wanted = target[place]?.item;
          isOpen &&= wanted !== undefined && pool.includes(wanted);
          if (isOpen && of.judged.includes(place)) sum += appealOf(wanted!);
        });
        return sum;
      }, 0) / answers.length;
    for (const estimator of ["SNIPW", "DR"] as const) {
      expect(covers(report, truth(report, logged.answers), estimator)).toBe(true);
      expect(covers(report, report.logged.judged.value, estimator)).toBe(false);
    }
    // Logs that keep nothing of what was drawn, or propensities that are too large.
    for (const tamper of [() => 1, (propensity: number) => Math.min(1, propensity * 2)]) {
      const answers = logged.answers.map((answer) => ({
        ...answer,
        slots: answer.slots.map((slot) =>
          slot.pool === undefined ? slot : { ...slot, propensity: tamper(slot.propensity) },
        ),
      }));
      const bad = judgeSlots(answers);
      expect(covers(bad, truth(bad, answers))).toBe(false);
    }
  });

  test("of a server with views are answered again with those of their day", async () => {
    const stage = await stageOf({ everySlots: 2 }, true);
    await live(stage, 1);
    await stage.engine.fireTimers();
    // The thread answers in order: with the digests, a view asked for before has come.
    await stage.engine.digests();
    await live(stage, 2);
    const { logged, report } = await judged(stage.log);
    const replayed = await replayDecisions(stage.log, foldLimits);
    expect(new Set(replayed.map(({ outcome }) => outcome))).toEqual(new Set(["equal"]));
    const withViews = replayed.filter(({ decision }) => decision.views.length > 0);
    expect(withViews.length).toBeGreaterThan(people);
    expect(logged.leftOut).toMatchObject({ differing: 0, redrawn: 0 });
    expect(logged.replayed).toBe(people * 3);
    expect(report.drawn).toBeGreaterThan(people);
    // The control: a draw that hangs on more than its key does not come out again.
    const { draw } = Explorer.prototype;
    let number = 0;
    Explorer.prototype.draw = function (arranged) {
      return draw.call(this, { ...arranged, key: `${arranged.key} ${number++}` });
    };
    try {
      const again = await replayDecisions(stage.log, foldLimits);
      expect(again.some(({ outcome }) => outcome === "different")).toBe(true);
    } finally {
      Explorer.prototype.draw = draw;
    }
  });

  test("without a drawn slot are refused, and came out bit for bit as logged", async () => {
    const stage = await stageOf();
    await live(stage, 3);
    const { logged, report } = await judged(stage.log);
    expect(logged.replayed).toBe(people * 3);
    expect(report.drawn).toBe(0);
    expect(report.refusal).toBe("no exploration");
  });

  test("that nobody reported as seen, of strangers and of the forgotten do not count", async () => {
    const stage = await stageOf();
    await live(stage, 2, false);
    stage.engine.preview(tenant, undefined, { placement, limit: 4, now: start }).decide();
    await stage.engine.settled();
    const { logged } = await judged(stage.log);
    expect(logged.leftOut).toMatchObject({ strangers: 1, unseen: people * 2 });
    await stage.engine.forget(tenant, hashOf("user 3"), start + 90 * 86_400_000);
    await stage.engine.settled();
    const after = await judged(stage.log);
    expect(after.logged.leftOut.unseen).toBe((people - 1) * 2);
  });
});
