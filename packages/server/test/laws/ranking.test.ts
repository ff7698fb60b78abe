/**
 * Answers made on another thread: byte for byte what the serving thread would have said at the commit that stands
 * in them, while states, sums, documents, items, clocks and views change; and none that outlives what was taken back.
 */
import { afterEach, expect, test } from "vitest";
import { type Decision, recommendationOf } from "@attune/protocol";
import { Prng } from "../../src/base/prng.ts";
import { utf8Decode, utf8Encode } from "../../src/base/text.ts";
import { foldLimits } from "../../src/core/fold/state.ts";
import { builtInDefinitions, type DefinitionDocument } from "../../src/core/rank/placement.ts";
import { engineRecord, hashOf, payloadOf } from "../../src/engine/payload.ts";
import { RankThreads } from "../../src/engine/ranking/threads.ts";
import { replayDecisions } from "../../src/engine/replay-decisions.ts";
import { declaredAt, requestOf } from "./engine.ts";
import { headerOf, isLong } from "./generate.ts";
import { feed, generated, type Machine, openMachine, tenant, unmerged } from "./population.ts";

const seed = Number(process.env["ATTUNE_SEED"] ?? 1) % 2 ** 31;
const machines: Machine[] = [];

afterEach(async () => {
  for (const { engine } of machines.splice(0)) await engine.close();
});

async function machineOf(threads = 1): Promise<Machine> {
  const machine = await openMachine(foldLimits, 0, threads);
  machines.push(machine);
  return machine;
}

/** Asks for each question both ways; returns how many were asked, and the differences. */
async function compared(machine: Machine): Promise<{ asked: number; differences: string[] }> {
  const { engine } = machine;
  const population = unmerged(generated(isLong ? 400 : 80, seed, 30));
  const prng = new Prng(seed);
  const differences: string[] = [];
  let asked = 0;
  await feed(machine, population.records, 40, async () => {
    await engine.append(declaredAt(prng, asked));
    if (prng.chance(0.1)) await engine.advanceClock(Date.UTC(2026, 3, 1) / 3_600_000 + asked);
    if (prng.chance(0.1)) await engine.forget(tenant, prng.pick(population.members).subject, asked);
    await engine.settled();
    const { subject } = prng.pick(population.members);
    const asker = prng.pick([subject, undefined]);
    const request = requestOf(machine, prng, asked++);
    const predict = prng.chance(0.5);
    const body = utf8Decode(await engine.answer(tenant, asker, request, { predict }));
    const given = JSON.parse(body) as { decisionId: string };
    const { catalogue } = engine.tenant(tenant);
    const { answer } = engine.preview(tenant, asker, request);
    const here = { ...answer(engine.position(), predict), decisionId: given.decisionId };
    const own = recommendationOf(here, (item) => catalogue.get(item)?.attributes);
    if (body !== JSON.stringify(own)) differences.push(`${body}\n${JSON.stringify(own)}`);
  });
  return { asked, differences };
}

/** The most popular items that decisions carry, of those made on a thread and of their like made here. */
async function listsOf({ log }: Machine) {
  const lists = new Map<number, readonly string[] | undefined>();
  for await (const { records } of log.read(0)) {
    for (const record of records) {
      if (record.kind !== "decision") continue;
      const { id, popular } = payloadOf(record, "decision");
      if (id.startsWith("laws:")) lists.set(Number(id.slice("laws:".length)), popular);
    }
  }
  const inOrder = [...lists].sort(([a], [b]) => a - b).map(([, list]) => list);
  return {
    thread: inOrder.filter((_, at) => at % 2 === 0),
    own: inOrder.filter((_, at) => at % 2 === 1),
  };
}

test("a thread's answer is the serving thread's, byte for byte, and its decision replays", async () => {
  const machine = await machineOf();
  const { asked, differences } = await compared(machine);
  expect(asked).toBeGreaterThan(10);
  expect(differences).toEqual([]);
  await machine.engine.settled();
  const replayed = await replayDecisions(machine.log, foldLimits, ({ id }) =>
    id.startsWith("laws:"),
  );
  const outcomes = replayed.map(({ outcome }) => outcome);
  expect(outcomes.length).toBe(2 * asked);
  expect(outcomes.filter((outcome) => outcome === "different")).toEqual([]);
  const judged = await listsOf(machine);
  expect(judged.thread).toEqual(judged.own);
  expect(judged.thread.filter((list) => list !== undefined).length).toBeGreaterThan(0);
}, 120_000);

test("what chance decides on a thread is what it decides on the serving thread", async () => {
  const machine = await machineOf();
  const { engine } = machine;
  const { members, records } = unmerged(generated(40, seed, 30));
  await feed(machine, records, 40);
  const { exploration: _, ...builtIn } = builtInDefinitions.placements["for-you"]!;
  const budget = { everySlots: 2, uniformPermille: 500 };
  const document = { kind: "placement", ...builtIn, exploration: budget } as DefinitionDocument;
  await engine.append([engineRecord("definition", document, { tenant, at: 0, id: "budget" })]);
  const at = Date.UTC(2026, 3, 1);
  const subject = hashOf("one who looks");
  for (let i = 0; i < 60; i++) {
    await engine.settled();
    const request = { placement: "for-you", limit: 200, now: at };
    const preview = engine.preview(tenant, undefined, request);
    const slots = preview.items.map((_item, slot) => slot);
    const decision = { id: `d${i}`, request, slots: preview.items } as unknown as Decision;
    const shown = engineRecord("decision", decision, {
      tenant,
      subject,
      purposes: 3,
      at,
      id: `d${i}`,
    });
    const header = headerOf({ kind: "event", subject, at, receivedAt: at }, 1_000_000 + i);
    const seen = { type: "seen", strength: 0, decisionId: `d${i}`, slots };
    await engine.append([shown, { ...header, payload: utf8Encode(JSON.stringify(seen)) }]);
  }
  await engine.settled();
  let drawn = 0;
  for (const asker of [undefined, ...members.map((member) => member.subject)]) {
    const request = { placement: "for-you", limit: 4, now: at };
    const text = utf8Decode(await engine.answer(tenant, asker, request));
    const { items } = JSON.parse(text) as { items: { id: string; score: number }[] };
    const here = engine.preview(tenant, asker, request).items;
    expect(items.map(({ id, score }) => [id, score])).toEqual(
      here.map(({ item, score }) => [item, score]),
    );
    drawn += here.filter(({ propensity }) => propensity < 1).length;
  }
  await engine.settled();
  // With the propensities that the thread has logged.
  const isAsked = ({ id }: Decision): boolean => id.startsWith("laws:");
  const replayed = await replayDecisions(machine.log, foldLimits, isAsked);
  expect(replayed.map(({ outcome }) => outcome)).toEqual(replayed.map(() => "equal"));
  expect(replayed).toHaveLength(members.length + 1);
  expect(drawn).toBeGreaterThan(5);
}, 60_000);

test("a thread that misses what was taken back is found out", async () => {
  const { subtract } = RankThreads.prototype;
  RankThreads.prototype.subtract = () => undefined;
  try {
    expect((await compared(await machineOf())).differences).not.toEqual([]);
  } finally {
    RankThreads.prototype.subtract = subtract;
  }
}, 120_000);

test("no answer that comes after an erasure or a takedown was made before it", async () => {
  const machine = await machineOf(2);
  const { engine } = machine;
  const population = unmerged(generated(60, seed, 30));
  await feed(machine, population.records, 40);
  const request = { placement: "up-next", limit: 8, now: Date.UTC(2026, 3, 1) };
  const ask = (subject: string): Promise<number> =>
    engine.answer(tenant, subject, request).then((body) => {
      const { position } = JSON.parse(utf8Decode(body)) as { position: string };
      return Number(position.split(".")[1]);
    });
  for (const [at, { subject }] of population.members.slice(0, 12).entries()) {
    let border = 0;
    const late: number[] = [];
    const answers = population.members.slice(0, 50).map((member) =>
      ask(member.subject).then((seq) => {
        // Told that it is gone, nobody may see an answer from before.
        if (border > 0) late.push(seq);
      }),
    );
    if (at % 2 === 0) {
      const { erasures, position } = await engine.forget(tenant, subject, Date.UTC(2026, 5, 1));
      // Of a person who was in no sum the others' answers know nothing.
      const isInSums = erasures.some(({ cells }) => cells > 0);
      border = isInSums ? Number(position.split(".")[1]) : 0;
    } else {
      const document = { kind: "takedown", itemIds: [`i${at}`], reason: "law" } as const;
      const place = { tenant, at, id: `takedown ${at}` };
      const { seq } = await engine.append([engineRecord("definition", document, place)]);
      await engine.whole(`${machine.log.epoch}.${seq}`);
      border = seq;
    }
    await Promise.all(answers);
    expect(late.filter((seq) => seq < border)).toEqual([]);
  }
}, 120_000);

test("more questions than the threads hold are answered all the same, and faults name the field", async () => {
  const machine = await machineOf();
  const { engine } = machine;
  await feed(machine, generated(20, seed, 20).records, 40);
  const request = { placement: "trending", limit: 5, now: Date.UTC(2026, 3, 1) };
  const bodies = await Promise.all(
    Array.from({ length: 1_200 }, () => engine.answer(tenant, undefined, request)),
  );
  const ids = new Set(
    bodies.map((body) => (JSON.parse(utf8Decode(body)) as { decisionId: string }).decisionId),
  );
  expect(ids.size).toBe(1_200);
  await expect(engine.answer(tenant, undefined, { ...request, limit: 0 })).rejects.toThrow(
    /^limit: must be/,
  );
});

test.each([
  // One in a turn: the other questions go where they were to go.
  { isBusy: false, least: 21, most: 39 },
  { isBusy: true, least: 40, most: 40 },
])(
  "while a thread has a queue the serving thread makes some answers itself, unless it is busy ($isBusy), and all are the same",
  async ({ isBusy, least, most }) => {
    const machine = await machineOf();
    const { engine } = machine;
    await feed(machine, generated(20, seed, 20).records, 40);
    await engine.settled();
    let told = 0;
    const { ask, isBusyHere } = RankThreads.prototype;
    RankThreads.prototype.isBusyHere = () => isBusy;
    RankThreads.prototype.ask = function (question, views) {
      told += 1;
      return ask.call(this, question, views);
    };
    try {
      const request = { placement: "trending", limit: 5, now: Date.UTC(2026, 3, 1) };
      const bodies = await Promise.all(
        Array.from({ length: 40 }, () => engine.answer(tenant, undefined, request)),
      );
      const items = bodies.map((body) => (JSON.parse(utf8Decode(body)) as { items: object }).items);
      expect(items).toEqual(items.map(() => items[0]));
      expect(told).toBeGreaterThanOrEqual(least);
      expect(told).toBeLessThanOrEqual(most);
    } finally {
      Object.assign(RankThreads.prototype, { ask, isBusyHere });
    }
  },
);

test("a thread that ends takes no answer with it: those it had are made again, here", async () => {
  const machine = await machineOf();
  const { engine } = machine;
  const told: RankThreads[] = [];
  const { ask } = RankThreads.prototype;
  // What no thread can take in, told behind the first question: it throws there, and the thread ends.
  RankThreads.prototype.ask = function (question, views) {
    const answer = ask.call(this, question, views);
    if (told.push(this) === 1) this.declare(tenant, { type: "definition", document: {} });
    return answer;
  };
  try {
    await feed(machine, generated(20, seed, 20).records, 40);
    const request = { placement: "trending", limit: 5, now: Date.UTC(2026, 3, 1) };
    const bodies = await Promise.all(
      Array.from({ length: 30 }, () => engine.answer(tenant, undefined, request)),
    );
    expect(bodies.map((body) => JSON.parse(utf8Decode(body)) as object)).toEqual(
      Array.from({ length: 30 }, () => expect.objectContaining({ placement: "trending" })),
    );
    expect(told[0]!.hasRoom).toBe(false);
  } finally {
    RankThreads.prototype.ask = ask;
  }
});
