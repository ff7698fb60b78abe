/**
 * The laws of the engine as functions that throw when they do not hold, so that the tests can show which of
 * them catches a planted bug. All compare bytes: packed states, running digests and SHA-256 of the sums.
 */
import { strict as assert } from "node:assert";
import type { RecommendationRequest } from "@attune/protocol";
import fc from "fast-check";
import { Prng } from "../../src/base/prng.ts";
import type { LogRecord, RecordInput } from "../../src/base/record.ts";
import { utf8Encode } from "../../src/base/text.ts";
import type { FoldLimits } from "../../src/core/fold/state.ts";
import { Models } from "../../src/core/sum/models.ts";
import { engineRecord, hashOf } from "../../src/engine/payload.ts";
import { replayDecisions } from "../../src/engine/replay-decisions.ts";
import { compare, snapshotOf } from "../../src/engine/verify.ts";
import type { Commit, Log } from "../../src/log/log.ts";
import {
  type Forgotten,
  isOfForgotten,
  over,
  replayed,
  replayFaults,
  sumFaults,
  without,
} from "../sim/laws.ts";
import { document, tagged } from "./documents.ts";
import {
  feed,
  type Machine,
  type Member,
  openMachine,
  type Population,
  tenant,
  unmerged,
} from "./population.ts";

export interface EngineLaw {
  name: string;
  check(population: Population, limits: Readonly<FoldLimits>): Promise<void>;
}

const commitRecords = 40;

/** An engine that has folded a population. */
export async function run(
  population: Population,
  limits: Readonly<FoldLimits>,
  size = commitRecords,
  shadowDecisionsPerSMax?: number,
): Promise<Machine> {
  const machine = await openMachine(limits, shadowDecisionsPerSMax);
  await feed(machine, population.records, size);
  return machine;
}

/**
 * Forgets members, the first `singly` one by one, the rest in groups, and holds states and sums against a
 * replay without the records of all who were forgotten so far; returns how many replays that took.
 */
export async function forgetAll(
  machine: Machine,
  members: readonly Member[],
  singly: number,
  group: number,
): Promise<number> {
  const { engine, log, limits } = machine;
  const at = Date.UTC(2030, 0, 1);
  const gone = new Map<string, Forgotten>();
  let replays = 0;
  for (let i = 0; i < members.length;) {
    const count = i < singly ? 1 : group;
    for (const { subject } of members.slice(i, i + count)) {
      const { subjects, position } = await engine.forget(tenant, subject, at);
      const seq = Number(position.split(".")[1]);
      for (const one of subjects) gone.set(one, { tenant, subjects, at, seq });
    }
    i += count;
    const isLeftOut = (record: LogRecord) => {
      const forgotten = gone.get(record.subject);
      return forgotten !== undefined && isOfForgotten(record, forgotten);
    };
    const expected = await replayed(without(log, isLeftOut), limits, engine.seq);
    const { differences } = compare(snapshotOf(engine), expected);
    assert.deepEqual(differences, [], `after ${i} of ${members.length} were forgotten`);
    replays += 1;
  }
  assert.equal(snapshotOf(engine).users, 0);
  return replays;
}

async function liveIsReplay(population: Population, limits: FoldLimits): Promise<void> {
  const { engine, log } = await run(population, limits);
  assert.deepEqual(await replayFaults(log, engine, limits), []);
  assert.deepEqual(sumFaults(engine, limits), []);
}

async function forgetIsReplayWithout(population: Population, limits: FoldLimits): Promise<void> {
  const machine = await run(population, limits);
  await forgetAll(machine, population.members, 3, 20);
}

/**
 * Three engines with a third of the people each, side by side, are one engine with all of them. Records come one
 * a commit: where those of a merged device come to stand among their person's is the order of the log, which
 * larger commits would make another one in a part than in the whole.
 */
async function partsAreWhole(population: Population, limits: FoldLimits): Promise<void> {
  // What an engine writes of those who act alone hangs on all it knows: three would write other logs than one.
  const whole = await run(population, limits, 1, 0);
  const partOf = new Map<string, number>();
  population.members.forEach(({ subject, devices }, i) => {
    for (const one of [subject, ...devices]) partOf.set(one, i % 3);
  });
  const merged = new Models();
  const rows = new Map<string, string>();
  for (const part of [0, 1, 2]) {
    const records = population.records.filter(
      ({ subject }) => subject === "" || partOf.get(subject) === part,
    );
    const { engine } = await run({ members: [], records }, limits, 1, 0);
    merged.merge(engine.tenant(tenant).models);
    for (const [key, body] of bodiesOf(engine)) rows.set(key, body);
  }
  assert.deepEqual(rows, bodiesOf(whole.engine));
  const models = whole.engine.tenant(tenant).models;
  assert.deepEqual(merged.digests(), models.digests());
  merged.all().forEach((summary, i) => {
    assert.deepEqual(summary.encode(), models.all()[i]!.encode(), summary.model);
  });
}

function bodiesOf(engine: Machine["engine"]): Map<string, string> {
  const bodies = new Map<string, string>();
  for (const { subject, body } of engine.rows()) {
    if (body !== null) bodies.set(subject, Buffer.from(body).toString("hex"));
  }
  return new Map([...bodies].toSorted(([a], [b]) => (a < b ? -1 : 1)));
}

/** Who withdraws personalization is as if no record of theirs before had ever had that purpose. */
async function withdrawalIsRefold(population: Population, limits: FoldLimits): Promise<void> {
  const machine = await run(population, limits);
  const { engine, log } = machine;
  const leaving = new Set<string>();
  for (const { subject } of population.members.slice(0, 30)) {
    leaving.add(subject);
    await engine.append([withdrawalOf(engine.resolve(tenant, subject))]);
  }
  await engine.settled();
  const last = new Map<string, number>();
  for await (const { records } of log.read(0)) {
    for (const { subject, messageHash, offset } of records) {
      if (messageHash === hashOf(`withdrawal ${subject}`)) last.set(subject, offset);
    }
  }
  assert.equal(last.size, leaving.size);
  const masked = (record: LogRecord): LogRecord =>
    record.offset < (last.get(record.subject) ?? -1)
      ? { ...record, purposes: record.purposes & ~2 }
      : record;
  const expected = await replayed(mapped(log, masked), limits, engine.seq);
  assert.deepEqual(compare(snapshotOf(engine), expected).differences, []);
}

function withdrawalOf(subject: string): RecordInput {
  const at = Date.UTC(2029, 0, 1);
  const event = { type: "consent", purpose: "personalization", choice: "withdrawn" };
  return {
    ...engineRecord(
      "event",
      { type: "other", name: "" },
      { tenant, subject, purposes: 3, at, id: "" },
    ),
    source: "withdrawal",
    messageHash: hashOf(`withdrawal ${subject}`),
    payload: utf8Encode(JSON.stringify(event)),
  };
}

function mapped(log: Log, change: (record: LogRecord) => LogRecord): Log {
  return over(log, {
    read: (afterSeq) => mappedCommits(log.read(afterSeq), change),
    readSubject: async (...where) => (await log.readSubject(...where)).map(change),
  });
}

async function* mappedCommits(
  commits: AsyncIterable<Commit>,
  change: (record: LogRecord) => LogRecord,
): AsyncGenerator<Commit> {
  for await (const { seq, records } of commits) yield { seq, records: records.map(change) };
}

/**
 * Answers are given while the log grows and the tenant's documents and items change; every one of them comes out
 * again, and its reasons add up.
 */
async function decisionsReplay(people: Population, limits: FoldLimits): Promise<void> {
  // A merge takes records from where they stood, and that excuses an answer that comes out otherwise.
  const population = unmerged(people);
  const machine = await openMachine(limits);
  const { engine, log } = machine;
  const prng = new Prng(11);
  let asked = 0;
  await feed(machine, population.records, commitRecords, async () => {
    // The catalogue grows and shrinks between the answers, so that what follows it must.
    await engine.append(declaredAt(prng, asked));
    await engine.settled();
    const { subject } = prng.pick(population.members);
    const request = requestOf(machine, prng, asked);
    const { items } = await engine.recommend(tenant, prng.pick([subject, undefined]), request);
    for (const { item, score, reasons } of items) {
      const sum = reasons.reduce((total, { share }) => total + share, 0);
      assert.equal(sum, score, `reasons of ${item}`);
    }
    asked += 1;
  });
  await engine.settled();
  const results = await replayDecisions(log, limits, ({ id }) => id.startsWith("laws:"));
  assert.equal(results.length, asked);
  assert.deepEqual(
    results.filter(({ outcome }) => outcome !== "equal"),
    [],
  );
}

/** What the tenant declares before question `number`. */
export function declaredAt(prng: Prng, number: number): RecordInput[] {
  return [...changesOf(prng, number), catalogueOf(prng, number)];
}

/** Question `number`, of any placement that there is. */
export function requestOf({ engine }: Machine, prng: Prng, number: number): RecommendationRequest {
  const { placements } = engine.tenant(tenant).definitions;
  return {
    placement: prng.pick(Object.keys(placements)),
    limit: prng.between(1, 8),
    now: Date.UTC(2026, 3, 1) + number,
    context: prng.chance(0.5) ? { region: "north" } : {},
    ...(prng.chance(0.3) ? { items: [prng.pick(catalogueItems)] } : {}),
    ...(prng.chance(0.3) ? { playlist: "mix" } : {}),
  };
}

/** Now and then a document of the tenant, and sometimes items. */
function changesOf(prng: Prng, number: number): RecordInput[] {
  const where = { tenant, at: Date.UTC(2026, 3, 1), id: `change ${number}` };
  const changes: RecordInput[] = [];
  if (prng.chance(0.5)) {
    const [drawn] = fc.sample(document, { numRuns: 1, seed: prng.next() | 0 });
    changes.push(engineRecord("definition", drawn!, where));
  }
  if (prng.chance(0.1)) {
    const put = prng.chance(0.3) ? [] : tagged.items.filter(() => prng.chance(0.7));
    const remove = prng.chance(0.3) ? tagged.items.map(({ id }) => id) : [];
    changes.push(engineRecord("catalogue", { put, remove }, where));
  }
  return changes;
}

const catalogueItems = ["a", "b", "c", "d", "e", "f", "new", "newer"];

function catalogueOf(prng: Prng, number: number): RecordInput {
  const at = Date.UTC(2026, 2, 25) + number * 3_600_000;
  const put = catalogueItems
    .filter(() => prng.chance(0.4))
    .map((id) => ({
      id,
      attributes: {
        kind: prng.pick(["x", "y"]),
        vector: [prng.between(-9, 9), prng.between(1, 9)],
      },
    }));
  const remove = prng.chance(0.2) ? [prng.pick(catalogueItems)] : [];
  return engineRecord("catalogue", { put, remove }, { tenant, at, id: `catalogue ${number}` });
}

export const engineLaws: readonly EngineLaw[] = [
  {
    name: "live equals a replay from zero, and the sums are the sum of the users",
    check: liveIsReplay,
  },
  { name: "forgetting equals a replay without the person's records", check: forgetIsReplayWithout },
  { name: "merged parts equal the whole", check: partsAreWhole },
  { name: "a withdrawal equals a past without that purpose", check: withdrawalIsRefold },
  { name: "past decisions come out again and reasons sum to the score", check: decisionsReplay },
];
