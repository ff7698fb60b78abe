/** What can happen to a simulated machine in one step, and how often. */
import type { RecommendationRequest } from "@attune/protocol";
import type { Prng } from "../../src/base/prng.ts";
import type { RecordInput } from "../../src/base/record.ts";
import { recordSchema } from "../../src/base/record.ts";
import { utf8Encode } from "../../src/base/text.ts";
import { purposeBits } from "../../src/core/fold/consent.ts";
import type { DefinitionDocument } from "../../src/core/rank/placement.ts";
import type { Answer } from "../../src/engine/answers.ts";
import { engineRecord, hashOf } from "../../src/engine/payload.ts";
import {
  dayMs,
  drawConsent,
  drawInteraction,
  drawPoison,
  drawSeen,
  hourMs,
  identification,
  items,
  minuteMs,
  type Person,
  tenants,
} from "./cast.ts";
import { canariesIn, isOfForgotten, replayed, without } from "./laws.ts";
import type { Message } from "./ledger.ts";
import type { World } from "./world.ts";
import { compare, snapshotOf } from "../../src/engine/verify.ts";

export interface Step {
  name: string;
  weight: number;
  /** Returns what is worth a place in the trace. */
  run(world: World): Promise<string> | string;
}

export const steps: Step[] = [
  { name: "events", weight: 26, run: sendEvents },
  { name: "consent", weight: 5, run: (world) => send(world, draftOf(world, "consent")) },
  { name: "identify", weight: 5, run: identify },
  { name: "poison", weight: 2, run: poison },
  { name: "resend", weight: 4, run: resend },
  { name: "recommend", weight: 8, run: recommend },
  { name: "time", weight: 8, run: advance },
  { name: "clock", weight: 4, run: clock },
  { name: "timers", weight: 5, run: timers },
  { name: "policy", weight: 1, run: policy },
  { name: "catalogue", weight: 2, run: catalogue },
  { name: "definition", weight: 1, run: definition },
  { name: "forget", weight: 3, run: forget },
  { name: "forget part", weight: 3, run: forgetPart },
  { name: "checkpoint", weight: 6, run: checkpoint },
  { name: "deliver", weight: 3, run: deliver },
  { name: "i/o", weight: 18, run: letIoHappen },
  { name: "check", weight: 2, run: check },
  { name: "gone", weight: 2, run: checkGone },
  { name: "fault", weight: 4, run: fault },
  { name: "stop", weight: 1, run: stop },
];

type What = "interaction" | "seen" | "consent" | "identify" | "poison";

interface Draft {
  person: Person;
  subject: string;
  what: What;
}

function draftOf(world: World, what?: What): Draft {
  const { prng } = world;
  const person = prng.pick(world.cast);
  const own = world.decided.filter((one) => one.person === person);
  const drawn = what ?? (own.length > 0 && prng.chance(0.2) ? "seen" : "interaction");
  return { person, subject: prng.pick([person.known, ...person.devices]), what: drawn };
}

/** Mostly now, often late by minutes, sometimes by days, seldom ahead of our clock. */
function drawTime(world: World): number {
  const { prng, now } = world;
  const late = prng.below(20);
  if (late < 13) return now - prng.below(2) * prng.below(minuteMs);
  if (late < 17) return now - prng.below(90 * minuteMs);
  if (late < 19) return now - prng.below(4 * dayMs);
  return now + prng.below(5 * minuteMs);
}

function textOf(world: World, draft: Draft, number: number): string {
  const { prng } = world;
  const decisions = world.decided.filter((one) => one.person === draft.person).map(({ id }) => id);
  if (draft.what === "poison") return drawPoison(prng, number, world.lives);
  if (draft.what === "consent") return JSON.stringify(drawConsent(prng, number));
  if (draft.what === "identify") return JSON.stringify(identification(number));
  const isSeen = draft.what === "seen" && decisions.length > 0;
  const draw = isSeen ? drawSeen : drawInteraction;
  return JSON.stringify(draw(prng, number, decisions));
}

/** A message as a door makes it, or nothing when the door turns it away. */
function accepted(world: World, draft: Draft): Message | undefined {
  const { tenant } = draft.person;
  const standing = world.engine.standing(tenant, draft.subject);
  const purposes = purposeBits(standing.policy, standing.consents);
  const at = drawTime(world);
  if (at <= standing.barredThrough || (purposes === 0 && draft.what !== "consent"))
    return undefined;
  const number = world.ledger.messages.length;
  const record: RecordInput = {
    schema: recordSchema,
    kind: "event",
    tenant,
    subject: standing.subject,
    identity: "claimed",
    purposes,
    merged: false,
    source: `key-${tenant}`,
    at,
    receivedAt: world.now,
    messageHash: hashOf(`message ${number}`),
    payload: utf8Encode(textOf(world, draft, number)),
  };
  world.ledger.unite(standing.subject, draft.subject);
  const message: Message = {
    number,
    record,
    isAcknowledged: false,
    mustGo: false,
  };
  world.ledger.messages.push(message);
  return message;
}

function append(world: World, messages: readonly Message[], others: RecordInput[] = []): string {
  const records = [...messages.map(({ record }) => record), ...others];
  if (records.length === 0) return "turned away";
  world.begin(world.engine.append(records), () => {
    for (const message of messages) message.isAcknowledged = true;
  });
  return messages.map(({ number }) => number).join(" ");
}

function send(world: World, ...drafts: Draft[]): string {
  const messages = drafts.map((draft) => accepted(world, draft));
  return append(
    world,
    messages.filter((message) => message !== undefined),
  );
}

function sendEvents(world: World): string {
  const first = draftOf(world);
  const drafts = [first];
  const isOnePersons = world.prng.chance(0.5);
  for (let more = world.prng.below(5); more > 0; more--) {
    drafts.push(isOnePersons ? { ...draftOf(world), ...pick(first) } : draftOf(world));
  }
  return send(world, ...drafts);
}

function pick({ person, subject }: Draft): Pick<Draft, "person" | "subject"> {
  return { person, subject };
}

/** Good events of the same person around it, so that a refold in the same commit meets it too. */
function poison(world: World): string {
  const bad = draftOf(world, "poison");
  const around = () => ({ ...draftOf(world, "interaction"), ...pick(bad) });
  return send(world, ...(world.prng.chance(0.5) ? [around(), bad, around()] : [bad]));
}

function identify(world: World): string {
  const { prng, engine } = world;
  const draft = draftOf(world, "identify");
  const { tenant, known, devices } = draft.person;
  // Now and then somebody signs in on a device that is another's.
  const owner = prng.chance(0.1)
    ? prng.pick(world.cast.filter((one) => one.tenant === tenant))
    : { devices };
  const device = prng.pick(owner.devices);
  const message = accepted(world, { ...draft, subject: known });
  if (message === undefined) return "turned away";
  const to = engine.standing(tenant, known).subject;
  const isMerged = device === to || engine.standing(tenant, device).subject === to;
  if (isMerged) return append(world, [message]);
  world.ledger.unite(device, to);
  const { at, receivedAt, purposes } = message.record;
  const merge: RecordInput = {
    ...message.record,
    kind: "merge",
    subject: device,
    source: "identity",
    at,
    receivedAt,
    purposes,
    messageHash: hashOf(`merge:${device}:${to}`),
    payload: utf8Encode(JSON.stringify({ from: device, to })),
  };
  return `${append(world, [message], [merge])} merges`;
}

/** Messages without an answer are sent again; so are, now and then, those that had one. */
function resend(world: World): string {
  const { prng, ledger, now, engine } = world;
  const recent = ledger.messages.filter(({ record }) => now - record.receivedAt < 5 * dayMs);
  const open = recent.filter(({ isAcknowledged }) => !isAcknowledged);
  const list = open.length > 0 && prng.chance(0.8) ? open : recent;
  if (list.length === 0) return "nothing";
  const message = prng.pick(list);
  const { record } = message;
  const { subject, barredThrough } = engine.standing(record.tenant, record.subject);
  if (record.at <= barredThrough) return "turned away";
  // Somebody who was forgotten since may have sent it: that it comes again is no fault of ours.
  message.mustGo = false;
  const again = { ...record, subject, receivedAt: now };
  world.begin(engine.append([again]), () => (message.isAcknowledged = true));
  return `${message.number}`;
}

function recommend(world: World): string {
  const { prng } = world;
  const person = prng.pick(world.cast);
  const subject = prng.pick([person.known, ...person.devices, undefined]);
  const request: RecommendationRequest = {
    placement: prng.pick(["for-you", "up-next", "trending"]),
    limit: prng.between(1, 6),
    now: world.now,
    exclude: prng.chance(0.2) ? [prng.pick(items)] : undefined,
  };
  world.begin(world.engine.recommend(person.tenant, subject, request), (answer) => {
    world.decided.push({ id: answer.decisionId, tenant: person.tenant, person });
    world.ledger.broken.push(...reasonFaults(answer));
  });
  return request.placement;
}

/** Law: the shares of an item sum to its score. */
function reasonFaults(answer: Answer): string[] {
  return answer.items
    .filter(({ score, reasons }) => reasons.reduce((sum, { share }) => sum + share, 0) !== score)
    .map(({ item }) => `reasons of ${item} in ${answer.decisionId} do not sum to its score`);
}

function advance(world: World): string {
  const { prng } = world;
  const spans = [minuteMs, minuteMs, 31 * minuteMs, 3 * hourMs, 20 * hourMs, 4 * dayMs];
  world.now += 1 + prng.below(prng.pick(spans));
  return new Date(world.now).toISOString();
}

function clock(world: World): string {
  world.begin(world.engine.advanceClock(Math.floor(world.now / hourMs)), () => undefined);
  return "";
}

function timers(world: World): string {
  world.begin(world.engine.fireTimers(), () => undefined);
  return "";
}

function policy(world: World): string {
  const bases = world.prng.pick([
    {},
    { analytics: "contract", personalization: "legitimate-interest" },
    { personalization: "contract" },
  ] as const);
  world.begin(world.engine.setPolicy(world.prng.pick(tenants), { bases }), () => undefined);
  return Object.keys(bases).join(" ");
}

function catalogue(world: World): string {
  const { prng, now } = world;
  const put = [{ id: prng.pick(items), attributes: { price: prng.below(9) } }];
  const remove = prng.chance(0.2) ? [prng.pick(items)] : [];
  const tenant = prng.pick(tenants);
  const id = `${prng.next()}`;
  const record = engineRecord("catalogue", { put, remove }, { tenant, at: now, id });
  world.begin(world.engine.append([record]), () => undefined);
  return put[0]!.id;
}

function definition(world: World): string {
  const { prng, now } = world;
  const document = drawDocument(prng);
  const at = { tenant: prng.pick(tenants), at: now, id: `${prng.next()}` };
  world.begin(world.engine.append([engineRecord("definition", document, at)]), () => undefined);
  return JSON.stringify(document);
}

function drawDocument(prng: Prng): DefinitionDocument {
  const item = prng.pick(items);
  const id = `rule-${prng.below(3)}`;
  switch (prng.below(6)) {
    case 0:
      return { kind: "takedown", itemIds: [item], reason: "told to" };
    case 1:
      return { kind: "takedown", itemIds: [item, prng.pick(items)], isLifted: true };
    case 2:
      return { kind: "rule", id, items: [item], pin: { slot: prng.below(4) }, label: "Ad" };
    case 3:
      return prng.chance(0.3)
        ? { kind: "rule", id, isRemoved: true }
        : { kind: "rule", id, filter: `item.price >= ${prng.below(9)}`, boost: prng.between(2, 9) };
    default: {
      const sources = { taste: prng.between(1, 900), popular: prng.between(1, 90) };
      const diversity = { lambda: prng.below(1_001), caps: [] };
      return { kind: "placement", name: "for-you", sources, diversity };
    }
  }
}

/** Forgets somebody; if nothing else is under way, holds the machine against a replay without them. */
async function forget(world: World): Promise<string> {
  const { prng, ledger, engine } = world;
  const { tenant, known, devices } = prng.pick(world.cast);
  const subject = prng.pick([known, ...devices]);
  const isAudited = prng.chance(0.6);
  if (isAudited && !(await world.quiet())) return "stopped before";
  const at = world.now - (prng.chance(0.2) ? prng.below(2 * hourMs) : 0);
  ledger.excuse(subject, -Infinity, at);
  const covered = coveredBy(world, tenant, subject, at);
  const receipt = await world.finish(engine.forget(tenant, subject, at));
  if (receipt === undefined) {
    // Done or not: what came in meanwhile may be gone as well.
    ledger.excuse(subject, -Infinity, at);
    return "not done";
  }
  const isCovered = (message: Message) => receipt.subjects.includes(message.record.subject);
  for (const message of covered) message.mustGo ||= isCovered(message);
  ledger.erase((one) => receipt.subjects.includes(one));
  if (!isAudited || !(await world.quiet())) return `${receipt.subjects.length} subjects`;
  const forgotten = { tenant, subjects: receipt.subjects, at, seq: seqOf(receipt.position) };
  const filtered = without(world.log, (record) => isOfForgotten(record, forgotten));
  const shown = snapshotOf(engine);
  const expected = await replayed(filtered, world.limits, engine.seq);
  for (const name of compare(shown, expected).differences) {
    ledger.broken.push(`after the forget of ${subject} ${name} is not a replay without them`);
  }
  return `${receipt.subjects.length} subjects, audited`;
}

/** What a forget must take out: all that is durable by now, and whatever is older than it. */
function coveredBy(world: World, tenant: number, subject: string, at: number): Message[] {
  const root = world.engine.resolve(tenant, subject);
  return world.ledger.messages.filter(
    ({ record, isAcknowledged }) =>
      record.tenant === tenant &&
      (isAcknowledged || record.at <= at) &&
      world.engine.resolve(tenant, record.subject) === root,
  );
}

function seqOf(position: string): number {
  return Number(position.slice(position.lastIndexOf(".") + 1));
}

async function forgetPart(world: World): Promise<string> {
  const { prng, ledger, engine } = world;
  const { tenant, known, devices } = prng.pick(world.cast);
  const subject = prng.pick([known, ...devices]);
  const to = world.now - prng.below(3 * hourMs);
  const from = to - prng.below(2 * dayMs);
  const isQuiet = prng.chance(0.5) && (await world.quiet());
  if (world.hasStopped) return "stopped before";
  ledger.excuse(subject, from, to);
  const covered = coveredBy(world, tenant, subject, -Infinity).filter(
    ({ record }) => record.at >= from && record.at <= to,
  );
  const done = await world.finish(engine.forgetPart(tenant, subject, from, to));
  if (done === undefined) return "not done";
  if (isQuiet) for (const message of covered) message.mustGo = true;
  return `${covered.length} messages`;
}

function checkpoint(world: World): string {
  world.begin(world.engine.checkpoint(), () => undefined);
  return "";
}

function deliver(world: World): string {
  const { engine, ledger, prng } = world;
  const some = [...engine.outbox.waiting()].slice(0, prng.between(1, 5));
  for (const { id } of some) {
    ledger.delivered.add(id);
    engine.outbox.acknowledge(id);
  }
  return `${some.length}`;
}

async function letIoHappen(world: World): Promise<string> {
  const done: string[] = [];
  for (let left = world.prng.between(1, 6); left > 0 && !world.hasStopped; left--) {
    const one = world.io.step();
    if (one === undefined) break;
    done.push(one);
    await new Promise((resolve) => setImmediate(resolve));
  }
  return done.join(", ");
}

async function check(world: World): Promise<string> {
  await world.check();
  return "";
}

/** After a checkpoint that began when all was still, nothing of the forgotten is left in any bytes. */
export async function checkGone(world: World): Promise<string> {
  if (!(await world.quiet())) return "stopped before";
  await world.finish(world.engine.checkpoint());
  if (!(await world.quiet())) return "stopped meanwhile";
  const { ledger, contents, disk } = world;
  const found = new Set(canariesIn(disk.content()));
  for (const { body } of contents.rows.values()) {
    if (body !== null) for (const number of canariesIn(body)) found.add(number);
  }
  const left = ledger.messages.filter(({ mustGo, number }) => mustGo && found.has(number));
  for (const { number } of left) ledger.broken.push(`message ${number} was forgotten and is there`);
  return `${ledger.messages.filter(({ mustGo }) => mustGo).length} forgotten`;
}

function fault(world: World): string {
  const { prng, io, disk } = world;
  const kind = prng.below(8);
  if (kind < 4) {
    io.crashIn = prng.below(12);
    return `power off in ${io.crashIn}`;
  }
  if (kind === 4) {
    io.failIn = prng.below(4);
    return `sync fails in ${io.failIn}`;
  }
  if (kind === 5) {
    world.lose();
    return "power off";
  }
  disk.capacity = kind === 6 ? disk.size() + prng.below(400) : Infinity;
  return `space ${disk.capacity}`;
}

/** A clean stop and start. */
async function stop(world: World): Promise<string> {
  world.disk.capacity = Infinity;
  // What waits for space is tried again with the timers.
  await world.finish(world.engine.fireTimers());
  if (!(await world.quiet())) return "stopped before";
  const before = snapshotOf(world.engine);
  await world.finish(world.engine.close());
  if (world.hasStopped) return "stopped meanwhile";
  await world.finish(world.log.close());
  if (world.hasStopped) return "stopped meanwhile";
  world.lose();
  await world.start();
  if (!(await world.quiet())) return "stopped after";
  for (const name of compare(snapshotOf(world.engine), before).differences) {
    world.ledger.broken.push(`a clean start changed ${name}`);
  }
  return "";
}
