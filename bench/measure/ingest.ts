/** Durable events through the HTTP door, beside a server that only reads and parses the same requests. */
import { type Connection, openAll, post } from "../doors/connection.ts";
import { Events, type Wanted } from "../doors/requests.ts";
import { Serving } from "../doors/serving.ts";
import {
  type Figure,
  type Measured,
  type Measurement,
  median,
  percentile,
  say,
  scaled,
  type Setting,
  Times,
} from "../figures.ts";

const roundsMax = 5;
const connections = 64;
const eventsPerRound = 40_000;
const singlesPerRound = 8_000;

interface Way extends Wanted {
  name: string;
  isBare: boolean;
}

const ways: readonly Way[] = [
  { name: "20 a batch, 20 users", events: 20, users: "many", isBare: false },
  { name: "20 a batch, 1 user", events: 20, users: "one", isBare: false },
  { name: "20 a batch, bare server", events: 20, users: "many", isBare: true },
  { name: "single events", events: 1, users: "many", isBare: false },
  { name: "single events, bare server", events: 1, users: "many", isBare: true },
];

export const ingest: Measurement = {
  name: "ingest",
  title: "Events over HTTP",
  method:
    "`attune serve` runs in a process of its own with default settings: fsync before every acknowledgement, duplicates " +
    "told, states and sums folded. A bare server of `node:http` reads and parses the same bodies and does nothing else. " +
    `Another process sends Segment calls of about 500 bytes over ${connections} connections that stay open, each the next ` +
    `request as soon as the last is answered; the requests are made beforehand. The ways take turns in ${roundsMax} rounds ` +
    "(the first warms up and does not count); a round ends when the fold lag is back at 0. Figures are medians of the " +
    "rounds, a ratio is taken within each round; per CPU-second counts the server process with all its threads.",
  run,
};

interface Round {
  /** Events a second of wall time, and of the server's processor time. */
  rate: number;
  cpuRate: number;
}

class Rounds {
  readonly rounds: Round[] = [];
  readonly acks = new Times();
}

async function run({ load, dir }: Setting): Promise<Measured> {
  const [server, bare] = [await Serving.open(dir), await Serving.bare()];
  const sockets = {
    server: await openAll(server.port, connections),
    bare: await openAll(bare.port, connections),
  };
  const events = new Events(load, "ingest");
  const results = new Map(ways.map((way) => [way, new Rounds()]));
  const count = scaled(roundsMax, load, 1);
  let bytes = 0;
  for (let round = 0; round <= count; round++) {
    for (let turn = 0; turn < ways.length; turn++) {
      const way = ways[(turn + round) % ways.length]!;
      const target = way.isBare ? bare : server;
      const total = scaled(way.events === 1 ? singlesPerRound : eventsPerRound, load, 200);
      const requests = Array.from({ length: total / way.events }, () => {
        const { path, body } = events.request(way);
        if (way.events === 20) bytes = body.length / 20;
        return post(path, target.keys.serverKey, body);
      });
      const acks = new Times();
      const open = way.isBare ? sockets.bare : sockets.server;
      const result = await take(target, open, requests, way, acks);
      if (round === 0) continue;
      const all = results.get(way)!;
      all.rounds.push(result);
      for (const ms of acks.sorted()) all.acks.add(ms);
    }
    say(`ingest: round ${round} of ${count}`);
  }
  for (const one of [...sockets.server, ...sockets.bare]) one.close();
  await Promise.all([server.close(), bare.close()]);
  return {
    notes: [`About ${Math.round(bytes)} bytes an event in a batch.`],
    figures: figuresOf(results),
  };
}

/** Sends all requests and waits until what they hold is folded. */
async function take(
  target: Serving,
  open: readonly Connection[],
  requests: readonly Buffer[],
  way: Way,
  acks: Times,
): Promise<Round> {
  const isOurs = !way.isBare;
  const before = isOurs ? await target.metric("attune_events_total") : 0;
  const cpu = await target.cpuS();
  const start = performance.now();
  let next = 0;
  const sender = async (connection: Connection): Promise<void> => {
    while (next < requests.length) {
      const request = requests[next++]!;
      const from = performance.now();
      const { status, body } = await connection.send(request);
      acks.add(performance.now() - from);
      if (status !== 200) throw new Error(`${way.name}: ${status} ${body.toString()}`);
    }
  };
  await Promise.all(open.map(sender));
  if (isOurs) await target.folded();
  const wallS = (performance.now() - start) / 1000;
  const cpuS = (await target.cpuS()) - cpu;
  const events = requests.length * way.events;
  const taken = isOurs ? (await target.metric("attune_events_total")) - before : events;
  if (taken !== events) throw new Error(`${way.name}: ${taken} of ${events} events were taken`);
  return { rate: events / wallS, cpuRate: events / Math.max(cpuS, 1e-3) };
}

function figuresOf(results: ReadonlyMap<Way, Rounds>): Figure[] {
  const bareOf = (events: number) =>
    [...results].find(([way]) => way.isBare && way.events === events)![1].rounds;
  return [...results].flatMap(([way, { rounds, acks }]) => {
    const { name, events, isBare } = way;
    const sorted = acks.sorted();
    const unit = events === 1 ? "requests" : "events";
    const least = isBare ? undefined : events === 1 ? 3_000 : 20_000;
    const floor = least === undefined ? undefined : ({ side: "at least", value: least } as const);
    const own: Figure[] = [
      { name, value: median(rounds.map(({ rate }) => rate)), unit: `${unit}/s`, floor },
      {
        name: `${name}: per CPU-second`,
        value: median(rounds.map(({ cpuRate }) => cpuRate)),
        unit,
      },
      { name: `${name}: p50 ack`, value: percentile(sorted, 0.5), unit: "ms" },
      { name: `${name}: p99 ack`, value: percentile(sorted, 0.99), unit: "ms" },
    ];
    if (isBare) return own;
    const bare = bareOf(events);
    const ratio = (key: keyof Round) => median(rounds.map((one, i) => one[key] / bare[i]![key]));
    const ratioFloor = events === 1 ? undefined : ({ side: "at least", value: 0.25 } as const);
    return [
      ...own,
      {
        name: `${name}: ratio to the bare server`,
        value: ratio("rate"),
        unit: "",
        floor: ratioFloor,
      },
      { name: `${name}: the same per CPU-second`, value: ratio("cpuRate"), unit: "" },
    ];
  });
}
