/** Ten times the load that the server can sustain: what it still takes, what answers take, and how soon it is over. */
import { readConfig } from "../../packages/server/src/config.ts";
import { messageHash } from "../../packages/server/src/ingest/message-hash.ts";
import { open } from "../../packages/server/src/main.ts";
import { type Connection, openAll, post } from "../doors/connection.ts";
import { pace, Pool } from "../doors/pace.ts";
import { Serving } from "../doors/serving.ts";
import { idsOf, type Template, templates } from "../doors/templates.ts";
import {
  type Measured,
  type Measurement,
  percentile,
  say,
  scaled,
  type Setting,
  Times,
} from "../figures.ts";

const batchEvents = 20;
const connectionsMax = 1_000;
const peakConnections = 64;
const times = 10;
const answersPerS = 50;
const phaseS = 5;
/** ATTUNE_LONG=1 takes the minute that the project's floor speaks of. */
const overloadS = process.env["ATTUNE_LONG"] === "1" ? 60 : 10;

export const overload: Measurement = {
  name: "overload",
  title: "Overload",
  method:
    `\`attune serve\` runs in a process of its own with default settings. Peak: ${peakConnections} connections write batches of ` +
    `${batchEvents} as fast as they are acknowledged, for ${phaseS} s, after a warm-up as long as the overload. Normal: half of that rate, by the ` +
    `clock. Overload: ${times} times the peak falls due by the clock for ${overloadS} s (ATTUNE_LONG=1: 60 s) on up to ` +
    `${connectionsMax} connections, from senders that never wait as they are told; what finds no connection free is not sent. ` +
    `${answersPerS} answers a second are asked for all the while. All phases send the same events, of the same people, whose histories ` +
    "grow, and an event of a long history costs more: so the peak is measured again right after the overload, and its share is that of " +
    "the mean of both. Then the normal load again, until one second of it has " +
    "no refusal and a p99 of answers within twice the normal one. At the end the log is read: everything acknowledged must " +
    "be in it, once.",
  run,
};

interface Stage {
  server: Serving;
  requests: readonly Template[];
  /** Requests so far; the number of each makes its ids. */
  count: number;
  acked: number[];
}

interface Phase {
  acked: number;
  refused: number;
  unsent: number;
  answers: Float64Array<ArrayBufferLike>;
  wallS: number;
  cpuS: number;
}

async function run({ load, dir }: Setting): Promise<Measured> {
  const server = await Serving.open(dir);
  const connections = scaled(connectionsMax, load, peakConnections);
  const requests = templates(load, server.keys.serverKey, connections * 2);
  const stage: Stage = { server, requests, count: 0, acked: [] };
  const seconds = (full: number) => scaled(full * 10, load, 3) / 10;
  await asFastAsAcked(stage, seconds(overloadS));
  const peakRate = rateOf(await asFastAsAcked(stage, seconds(phaseS)));
  say(`overload: peak ${Math.round(peakRate)} events/s`);
  const normal = await byTheClock(stage, peakRate / 2, peakConnections, seconds(phaseS));
  const over = await byTheClock(stage, peakRate * times, connections, seconds(overloadS));
  say(`overload: ${over.acked} requests taken, ${over.refused} refused, ${over.unsent} not sent`);
  const laterRate = rateOf(await asFastAsAcked(stage, seconds(phaseS)));
  const normalMs = percentile(normal.answers, 0.99);
  const backS = await untilNormal(stage, peakRate / 2, normalMs);
  await server.folded();
  await server.close();
  const { lost, doubled } = await missing(dir, stage.acked);
  const overMs = percentile(over.answers, 0.99);
  const sent = over.acked + over.refused;
  return {
    notes: [
      `${Math.round((sent * batchEvents) / over.wallS)} events/s of the ${Math.round(peakRate * times)} that fell due were sent; ` +
        `${((100 * over.refused) / Math.max(1, sent)).toFixed(0)} % of the requests were refused with 429.`,
    ],
    figures: [
      { name: "peak before", value: peakRate, unit: "events/s" },
      { name: "peak after", value: laterRate, unit: "events/s" },
      { name: "taken under overload", value: rateOf(over), unit: "events/s" },
      {
        name: "its share of the peak, mean of both",
        value: (2 * rateOf(over)) / (peakRate + laterRate),
        unit: "",
        floor: { side: "at least", value: 0.9 },
      },
      { name: "answers' p99, normal", value: normalMs, unit: "ms" },
      { name: "answers' p99 under overload", value: overMs, unit: "ms" },
      {
        name: "how many times the normal",
        value: overMs / normalMs,
        unit: "",
        floor: { side: "at most", value: 5 },
      },
      {
        name: "acknowledged and lost",
        value: lost,
        unit: "events",
        floor: { side: "at most", value: 0 },
      },
      {
        name: "stored twice",
        value: doubled,
        unit: "events",
        floor: { side: "at most", value: 0 },
      },
      {
        name: "back to normal after",
        value: backS,
        unit: "s",
        floor: { side: "at most", value: 5 },
      },
      { name: "processor under overload", value: over.cpuS / over.wallS, unit: "CPU-s/s" },
    ],
  };
}

function rateOf({ acked, wallS }: Phase): number {
  return (acked * batchEvents) / wallS;
}

/** Sends one request and notes what became of it. */
async function write(stage: Stage, connection: Connection, slot: number, phase: Phase) {
  const n = stage.count++;
  const { status, retryAfterS } = await connection.send(stage.requests[slot]!.numbered(n));
  if (status === 200) {
    phase.acked++;
    stage.acked.push(n);
  } else if (status === 429 && retryAfterS >= 1 && Number.isInteger(retryAfterS)) phase.refused++;
  else throw new Error(`overload: ${status}, Retry-After ${retryAfterS}`);
}

/** Runs `load` with answers asked for beside it. */
async function phaseOf(
  { server }: Stage,
  seconds: number,
  load: (phase: Phase) => Promise<void>,
): Promise<Phase> {
  const latencies = new Times();
  const none = new Float64Array();
  const phase: Phase = { acked: 0, refused: 0, unsent: 0, answers: none, wallS: 0, cpuS: 0 };
  const door = new Pool(await openAll(server.port, 16));
  const ask = async (dueAt: number, n: number): Promise<void> => {
    const body = JSON.stringify({ userId: `user-${n % 1_000}`, placement: "up-next", limit: 20 });
    const { status } = await door.send(post("/v1/recommendations", server.keys.secretKey, body));
    latencies.add(performance.now() - dueAt);
    if (status !== 200) throw new Error(`overload: an answer was refused with ${status}`);
  };
  const [cpu, start] = [await server.cpuS(), performance.now()];
  const asking = pace(answersPerS, seconds, (dueAt, n) => door.track(ask(dueAt, n)));
  await load(phase);
  phase.wallS = (performance.now() - start) / 1000;
  phase.cpuS = (await server.cpuS()) - cpu;
  await asking;
  await door.done();
  door.close();
  phase.answers = latencies.sorted();
  return phase;
}

/** Each connection has requests of its own, in turns; all phases send the same ones, so that all have as many people. */
function slots({ requests }: Stage, connections: number): (place: number, n: number) => number {
  const each = Math.floor(requests.length / connections);
  return (place, n) => place * each + (n % each);
}

function asFastAsAcked(stage: Stage, seconds: number): Promise<Phase> {
  return phaseOf(stage, seconds, async (phase) => {
    const open = await openAll(stage.server.port, peakConnections);
    const end = performance.now() + seconds * 1000;
    const slotOf = slots(stage, peakConnections);
    const sender = async (connection: Connection, place: number): Promise<void> => {
      for (let n = 0; performance.now() < end; n++)
        await write(stage, connection, slotOf(place, n), phase);
    };
    await Promise.all(open.map(sender));
    for (const connection of open) connection.close();
  });
}

function byTheClock(
  stage: Stage,
  eventsPerS: number,
  most: number,
  seconds: number,
): Promise<Phase> {
  return phaseOf(stage, seconds, async (phase) => {
    const open = await openAll(stage.server.port, most);
    const free = open.map((_, place) => place);
    const under = new Set<Promise<void>>();
    const slotOf = slots(stage, most);
    await pace(eventsPerS / batchEvents, seconds, (_, n) => {
      const place = free.shift();
      if (place === undefined) return void phase.unsent++;
      const writing = write(stage, open[place]!, slotOf(place, n), phase).then(() => {
        free.push(place);
        under.delete(writing);
      });
      under.add(writing);
    });
    await Promise.all(under);
    for (const connection of open) connection.close();
  });
}

/** Seconds of normal load until one of them is as before. */
async function untilNormal(stage: Stage, eventsPerS: number, normalMs: number): Promise<number> {
  const start = performance.now();
  for (let tries = 0; tries < 30; tries++) {
    const { refused, answers } = await byTheClock(stage, eventsPerS, peakConnections, 1);
    if (refused === 0 && percentile(answers, 0.99) <= 2 * normalMs) break;
  }
  return (performance.now() - start) / 1000 - 1;
}

async function missing(data: string, acked: readonly number[]) {
  const attune = await open(readConfig({}, { data }));
  const found = new Map<string, number>();
  try {
    for await (const { records } of attune.log.read(0))
      for (const { kind, messageHash: hash } of records)
        if (kind === "event") found.set(hash, (found.get(hash) ?? 0) + 1);
  } finally {
    await attune.close();
  }
  let lost = 0;
  for (const n of acked) for (const id of idsOf(n)) if (!found.has(messageHash(id))) lost++;
  return { lost, doubled: [...found.values()].filter((count) => count > 1).length };
}
