/**
 * The lab on a real log: an engine answers, people click by known probabilities, and what another configuration
 * would have earned is held against those probabilities. Rank draws nothing by chance, so that part is put
 * between engine and log: one slot of a decision is drawn as it is written, with its propensity.
 */
import { afterEach, describe, expect, test } from "vitest";
import type { Decision } from "@attune/protocol";
import { Prng } from "../src/base/prng.ts";
import { type RecordInput, recordSchema } from "../src/base/record.ts";
import { utf8Decode, utf8Encode } from "../src/base/text.ts";
import { type LabOutcome, loggedAnswers } from "../src/cli/lab/logged-answers.ts";
import { foldLimits } from "../src/core/fold/state.ts";
import { weightOne } from "../src/core/rank/blend.ts";
import { builtInDefinitions, defined } from "../src/core/rank/placement.ts";
import { MemoryCheckpoint } from "../src/engine/checkpoint/memory.ts";
import { Engine } from "../src/engine/engine.ts";
import { hashOf } from "../src/engine/payload.ts";
import { judgeSlots, type SlotReport } from "../src/eval/off-policy/slots.ts";
import type { Log } from "../src/log/log.ts";
import { openMemoryLog } from "../src/log/memory.ts";

const tenant = 1;
const start = Date.UTC(2026, 5, 1);
const placement = "for-you";
const people = 40;
const appealOf = (item: string): number => 0.08 + 0.06 * (Number(item.slice(1)) % 8);
const asked = {
  definitions: defined(builtInDefinitions, {
    ...builtInDefinitions.placements[placement],
    kind: "placement",
    sources: { popular: weightOne },
  }),
  placement,
};

interface Stage {
  log: Log;
  engine: Engine;
  /** Written slots by decision. */
  written: Map<string, Decision["slots"]>;
}

let open: Engine | undefined;
afterEach(async () => {
  await open?.close();
  open = undefined;
});

/** `explored` false leaves decisions as rank made them. */
async function stageOf(explored: boolean): Promise<Stage> {
  const log = await openMemoryLog({ partitions: 2, now: () => start });
  const prng = new Prng(5);
  const written = new Map<string, Decision["slots"]>();
  const drawing: Log = new Proxy(log, {
    get(target, name) {
      if (name === "append")
        return (records: readonly RecordInput[]) =>
          log.append(records.map((record) => withDrawn(record, explored, prng, written)));
      const value: unknown = Reflect.get(target, name);
      return typeof value === "function" ? (value.bind(target) as unknown) : value;
    },
  });
  const engine = await Engine.open({
    log: drawing,
    checkpoint: new MemoryCheckpoint(),
    now: () => start,
  });
  open = engine;
  await engine.setPolicy(tenant, { bases: { personalization: "contract", analytics: "contract" } });
  return { log, engine, written };
}

/** The third or the fourth slot becomes, with known chances, any item that stands nowhere else in the list. */
function withDrawn(
  record: RecordInput,
  explored: boolean,
  prng: Prng,
  written: Map<string, Decision["slots"]>,
): RecordInput {
  if (record.kind !== "decision") return record;
  const decision = JSON.parse(utf8Decode(record.payload)) as Decision;
  const slots = decision.slots.map((slot) => ({ ...slot }));
  const place = prng.between(2, 3);
  if (explored && slots.length > place) {
    const elsewhere = new Set(slots.flatMap(({ item }, k) => (k === place ? [] : [item])));
    const arms = catalogue.filter((item) => !elsewhere.has(item));
    slots[place] = { item: prng.pick(arms), score: 0, propensity: 1 / arms.length };
  }
  written.set(decision.id, slots);
  return { ...record, payload: utf8Encode(JSON.stringify({ ...decision, slots })) };
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
async function live({ engine, written }: Stage, rounds: number, isSeen = true): Promise<void> {
  const prng = new Prng(9);
  let at = start;
  const past = Array.from({ length: people * 4 }, (_, i) =>
    event(i % people, (at += 1_000), { type: "view", item: prng.pick(catalogue) }),
  );
  await engine.append(past);
  for (let round = 0; round < rounds; round++) {
    await engine.settled();
    at += 3_600_000;
    const ids = Array.from({ length: people }, (_, user) =>
      engine.preview(tenant, hashOf(`user ${user}`), { placement, limit: 4, now: at }).decide(),
    );
    await engine.settled();
    if (!isSeen) continue;
    const followed = ids.flatMap((decisionId, user) => {
      const slots = written.get(decisionId)!;
      const seen = { type: "seen", decisionId, slots: slots.map((_, slot) => slot) };
      const clicks = slots.filter(({ item }) => prng.chance(appealOf(item)));
      return [
        event(user, at + 1, seen),
        // A skip is no taste here: lists stay long, and a click is told by the outcome `skip`.
        ...clicks.map(({ item }, i) =>
          event(user, at + 2 + i, { type: "skip", item, decisionId, strength: 0 }),
        ),
      ];
    });
    await engine.append(followed);
  }
  await engine.settled();
}

async function judged(log: Log, outcome: LabOutcome = "skip") {
  const logged = await loggedAnswers(log, foldLimits, { tenant, placement, outcome, asked });
  return { logged, report: judgeSlots(logged.answers) };
}

/** What the asked list earns on open slots of the judged places, exactly, averaged over the requests. */
function truthOf(
  report: SlotReport,
  answers: Awaited<ReturnType<typeof loggedAnswers>>["answers"],
) {
  let sum = 0;
  for (const { slots, target } of answers) {
    for (const place of report.judged) {
      const wanted = target[place]?.item;
      const others = slots.filter(({ propensity }, k) => k !== place && propensity === 1);
      if (wanted === undefined || others.some(({ item }) => item === wanted)) continue;
      sum += appealOf(wanted);
    }
  }
  return sum / answers.length;
}

describe("logged answers", () => {
  test("with a drawn slot give an estimate whose interval holds the truth", async () => {
    const stage = await stageOf(true);
    await live(stage, 60);
    const { logged, report } = await judged(stage.log);
    expect(logged.decisions).toBe(people * 60);
    expect(logged.leftOut).toEqual({ strangers: 0, unseen: 0, held: 0, differing: 0 });
    expect(logged.answers).toHaveLength(people * 60);
    expect(report.judged).toEqual([2, 3]);
    expect(report.refusal).toBeUndefined();
    const truth = truthOf(report, logged.answers);
    const robust = report.target!.estimates!.find(({ estimator }) => estimator === "DR")!;
    expect(robust.normal[0]).toBeLessThan(truth);
    expect(robust.normal[1]).toBeGreaterThan(truth);
    // Clicks of every answer are counted, not those of the newest decisions that a state keeps.
    const clicks = logged.answers.reduce(
      (sum, { slots }) => sum + slots.reduce((of, { reward }) => of + reward, 0),
      0,
    );
    expect(report.logged.all.value).toBeCloseTo(clicks / logged.answers.length, 12);
    expect(clicks).toBeGreaterThan(people * 60 * 4 * 0.2);
  });

  test("without a drawn slot are refused, and came out bit for bit as logged", async () => {
    const stage = await stageOf(false);
    await live(stage, 3);
    const { logged, report } = await judged(stage.log);
    expect(logged.replayed).toBe(people * 3);
    expect(report.drawn).toBe(0);
    expect(report.refusal).toBe("no exploration");
  });

  test("that nobody reported as seen, of strangers and of the forgotten do not count", async () => {
    const stage = await stageOf(true);
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
