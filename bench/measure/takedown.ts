/** From a takedown to the last appearance of the item on any screen: POST in, WebSockets out. */
import { setTimeout as pause } from "node:timers/promises";
import { openAll, post } from "../doors/connection.ts";
import { History } from "../doors/history.ts";
import { Listener } from "../doors/listener.ts";
import { Pool } from "../doors/pace.ts";
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
const othersPerS = 800;
const batchEvents = 20;
const takedownsMax = 200;
const pauseMs = 50;
const limit = 20;

export const takedown: Measurement = {
  name: "takedown",
  title: "From a takedown to the last appearance",
  method:
    `\`attune serve\` as before, with the same history. ${peopleMax} people each hold a WebSocket with a live query of ` +
    `\`up-next\` (${limit} items); others write ${othersPerS} events a second meanwhile. One item after the other that ` +
    `somebody has on their list is taken down over HTTP, ${takedownsMax} in all, with ${pauseMs} ms between them. The ` +
    "time runs from handing the request to the socket until it is acknowledged and every list that held the item has " +
    "arrived without it.",
  run,
};

type People = readonly { id: string; listener: Listener }[];

async function run({ load, dir }: Setting): Promise<Measured> {
  const server = await Serving.open(dir);
  const history = await History.send(server, load);
  const people = await Listener.all(
    server,
    history.users.slice(-scaled(peopleMax, load, 5)),
    limit,
  );
  say(`takedown: ${people.length} people listen`);
  const writes = new Pool(await openAll(server.port, 8));
  const write = (): void => {
    const body = history.batch(batchEvents);
    writes.track(writes.send(post("/v1/batch", server.keys.serverKey, body)));
  };
  const count = scaled(takedownsMax, load, 3);
  const { latencies, acks, lists } = await takeDownAll(server, people, count, write);
  await writes.done();
  for (const { listener } of people) listener.close();
  writes.close();
  await server.close();
  return {
    notes: [
      `${latencies.count} takedowns, ${people.length} sockets, history of ${history.name}; the item stood on ` +
        `${(lists / latencies.count).toFixed(1)} lists in the mean.`,
    ],
    figures: figuresOf(latencies, acks),
  };
}

async function takeDownAll(server: Serving, people: People, count: number, write: () => void) {
  const [latencies, acks] = [new Times(), new Times()];
  const door = new Pool(await openAll(server.port, 1));
  let lists = 0;
  const others = setInterval(write, (1000 * batchEvents) / othersPerS);
  for (let n = 0; n < count; n++) {
    const item = people[n % people.length]!.listener.order[n % 5];
    if (item === undefined) throw new Error("a list has become empty");
    const holding = people.filter(({ listener }) => listener.order.includes(item));
    lists += holding.length;
    const body = JSON.stringify({ itemIds: [item], reason: "bench" });
    const from = performance.now();
    const gone = holding.map(({ listener }) => without(listener, item));
    const reply = await door.send(post("/v1/takedowns", server.keys.secretKey, body));
    if (reply.status !== 200) throw new Error(`takedown: ${reply.body.toString()}`);
    acks.add(performance.now() - from);
    await Promise.all(gone);
    latencies.add(performance.now() - from);
    await pause(pauseMs);
  }
  clearInterval(others);
  door.close();
  return { latencies, acks, lists };
}

function without(listener: Listener, item: string): Promise<void> {
  return new Promise((resolve) => {
    listener.onList = () => {
      if (listener.order.includes(item)) return;
      listener.onList = undefined;
      resolve();
    };
  });
}

function figuresOf(latencies: Times, acks: Times): Figure[] {
  const [sorted, acked] = [latencies.sorted(), acks.sorted()];
  const name = "takedown to last appearance";
  const floor = { side: "at most", value: 100 } as const;
  return [
    { name: `${name}, p50`, value: percentile(sorted, 0.5), unit: "ms" },
    { name: `${name}, p99`, value: percentile(sorted, 0.99), unit: "ms", floor },
    { name: `${name}, longest`, value: sorted.at(-1) ?? Number.NaN, unit: "ms" },
    { name: "takedown to acknowledgement, p50", value: percentile(acked, 0.5), unit: "ms" },
    { name: "takedown to acknowledgement, p99", value: percentile(acked, 0.99), unit: "ms" },
  ];
}
