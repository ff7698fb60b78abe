/** From an event to the changed list on the person's own screen: POST in, WebSocket out. */
import { openAll, post } from "../doors/connection.ts";
import { History } from "../doors/history.ts";
import { Listener } from "../doors/listener.ts";
import { pace, Pool } from "../doors/pace.ts";
import { Serving } from "../doors/serving.ts";
import {
  type Figure,
  type Measured,
  type Measurement,
  percentile,
  say,
  scaled,
  type Setting,
  Times,
} from "../figures.ts";

const peopleMax = 300;
const ownPerS = 200;
const othersPerS = 800;
const batchEvents = 20;
const warmUpS = 2;
const measuredS = 20;
const limit = 20;

export const push: Measurement = {
  name: "push",
  title: "From an event to the screen",
  method:
    `\`attune serve\` as before, with the same history. ${peopleMax} people each hold a WebSocket with a live query of ` +
    `\`up-next\` (${limit} items). ${ownPerS} times a second one of them acts on an item of the list they see, over HTTP, ` +
    `which takes it off the list; others write ${othersPerS} events a second meanwhile. The time runs from handing the ` +
    "request to the socket until the changed list has arrived: the fsync, the fold and the new list are within it. " +
    "Nobody acts again before their list has come.",
  run,
};

interface Person {
  id: string;
  listener: Listener;
  isWaiting: boolean;
}

interface Stage {
  server: Serving;
  history: History;
  people: readonly Person[];
  acts: Pool;
  writes: Pool;
  /** Acts so far. */
  count: number;
}

async function run({ load, dir }: Setting): Promise<Measured> {
  const server = await Serving.open(dir);
  const history = await History.send(server, load);
  const people = await connectAll(server, history, scaled(peopleMax, load, 5));
  say(`push: ${people.length} people listen`);
  const [acts, writes] = [await openAll(server.port, 32), await openAll(server.port, 8)];
  const pools = { acts: new Pool(acts), writes: new Pool(writes) };
  const stage: Stage = { server, history, people, ...pools, count: 0 };
  await drive(stage, scaled(warmUpS, load, 0.2));
  const driven = await drive(stage, scaled(measuredS * 10, load, 5) / 10);
  for (const { listener } of people) listener.close();
  stage.acts.close();
  stage.writes.close();
  await server.close();
  return {
    notes: [
      `${driven.latencies.count} events with their pushes, ${people.length} sockets, history of ${history.name}; ` +
        `${driven.skipped} times the person still waited for a list.`,
    ],
    figures: figuresOf(driven),
  };
}

interface Driven {
  latencies: Times;
  acks: Times;
  skipped: number;
  wallS: number;
  cpuS: number;
}

async function drive(stage: Stage, seconds: number): Promise<Driven> {
  const { server, history, people, acts, writes } = stage;
  const [latencies, acks] = [new Times(), new Times()];
  let skipped = 0;
  const write = async (): Promise<void> => {
    const body = history.batch(batchEvents);
    const reply = await writes.send(post("/v1/batch", server.keys.serverKey, body));
    if (reply.status !== 200) throw new Error(`write: ${reply.status} ${reply.body.toString()}`);
  };
  const [cpu, start] = [await server.cpuS(), performance.now()];
  await Promise.all([
    pace(ownPerS, seconds, (_, n) => {
      const person = people[n % people.length]!;
      const item = person.listener.order[n % 3];
      if (person.isWaiting || item === undefined) skipped++;
      else acts.track(act(stage, person, item, latencies, acks));
    }),
    pace(othersPerS / batchEvents, seconds, () => writes.track(write())),
  ]);
  await Promise.all([acts.done(), writes.done()]);
  await server.folded();
  const wallS = (performance.now() - start) / 1000;
  return { latencies, acks, skipped, wallS, cpuS: (await server.cpuS()) - cpu };
}

/** The person plays an item of the list they see and waits until it is gone from it. */
async function act(stage: Stage, person: Person, itemId: string, latencies: Times, acks: Times) {
  const { listener, id } = person;
  person.isWaiting = true;
  const now = new Date().toISOString();
  const call = { type: "track", event: "play", messageId: `p-${stage.count++}`, userId: id };
  const body = JSON.stringify({ ...call, timestamp: now, sentAt: now, properties: { itemId } });
  const request = post("/v1/track", stage.server.keys.serverKey, body);
  const from = performance.now();
  const pushed = new Promise<void>((resolve) => {
    listener.onList = () => {
      // Others' events may move the list too: it is the one without the item that was waited for.
      if (listener.order.includes(itemId)) return;
      latencies.add(performance.now() - from);
      listener.onList = undefined;
      person.isWaiting = false;
      resolve();
    };
  });
  const reply = await stage.acts.send(request);
  acks.add(performance.now() - from);
  if (reply.status !== 200) throw new Error(`act: ${reply.status} ${reply.body.toString()}`);
  await pushed;
}

function figuresOf({ latencies, acks, wallS, cpuS }: Driven): Figure[] {
  const [sorted, acked] = [latencies.sorted(), acks.sorted()];
  const name = "event to push";
  const atMost = (value: number) => ({ side: "at most", value }) as const;
  return [
    { name: `${name}, p50`, value: percentile(sorted, 0.5), unit: "ms", floor: atMost(5) },
    { name: `${name}, p99`, value: percentile(sorted, 0.99), unit: "ms", floor: atMost(50) },
    { name: `${name}, p99.9`, value: percentile(sorted, 0.999), unit: "ms" },
    { name: "event to acknowledgement, p50", value: percentile(acked, 0.5), unit: "ms" },
    { name: "event to acknowledgement, p99", value: percentile(acked, 0.99), unit: "ms" },
    { name: "pushes", value: latencies.count / wallS, unit: "pushes/s" },
    { name: "processor of the server", value: cpuS / wallS, unit: "CPU-s/s" },
  ];
}

async function connectAll(server: Serving, history: History, count: number): Promise<Person[]> {
  const people = await Listener.all(server, history.users.slice(-count), limit);
  return people.map((person) => ({ ...person, isWaiting: false }));
}
