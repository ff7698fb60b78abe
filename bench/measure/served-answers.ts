/** Latency of answers over HTTP at a fixed rate, while events are written at a fixed rate. */
import { openAll, post } from "../doors/connection.ts";
import { History } from "../doors/history.ts";
import { pace, Pool } from "../doors/pace.ts";
import { Serving } from "../doors/serving.ts";
import {
  type Measured,
  type Measurement,
  percentile,
  say,
  scaled,
  type Setting,
  Times,
} from "../figures.ts";

const answersPerS = 1_000;
const eventsPerS = 2_000;
const batchEvents = 20;
const warmUpS = 3;
const measuredS = 20;
const limit = 20;

export const servedAnswers: Measurement = {
  name: "served-answers",
  title: "Answers over HTTP while events are written",
  method:
    "`attune serve` runs in a process of its own with default settings and has the history of rsc15-100k (sent in over " +
    "HTTP, times moved up to now; the generator's where that data set is absent). Another process asks for " +
    `${limit} items of \`up-next\` ${answersPerS} times a second, for anybody of the history, and writes ${eventsPerS} ` +
    `events a second of new people in batches of ${batchEvents}. Requests fall due by the clock: a latency counts from ` +
    `then, time in which no connection was free included. ${warmUpS} s warm up, ${measuredS} s count; the run counts only ` +
    "when the fold lag is back at 0 at their end.",
  run,
};

async function run({ load, dir }: Setting): Promise<Measured> {
  const server = await Serving.open(dir);
  const history = await History.send(server, load);
  const answers = new Pool(await openAll(server.port, 64));
  const writes = new Pool(await openAll(server.port, 16));
  const drive = async (seconds: number) => {
    const [latencies, acks] = [new Times(), new Times()];
    let items = 0;
    const ask = async (dueAt: number): Promise<void> => {
      const body = JSON.stringify({ userId: history.someone(), placement: "up-next", limit });
      const reply = await answers.send(post("/v1/recommendations", server.keys.secretKey, body));
      latencies.add(performance.now() - dueAt);
      if (reply.status !== 200) throw new Error(`answer: ${reply.status} ${reply.body.toString()}`);
      if (latencies.count % 100 === 0)
        items += (JSON.parse(reply.body.toString()) as { items: unknown[] }).items.length;
    };
    const write = async (dueAt: number): Promise<void> => {
      const body = history.batch(batchEvents);
      const reply = await writes.send(post("/v1/batch", server.keys.serverKey, body));
      acks.add(performance.now() - dueAt);
      if (reply.status !== 200) throw new Error(`write: ${reply.status} ${reply.body.toString()}`);
    };
    const [cpu, start] = [await server.cpuS(), performance.now()];
    await Promise.all([
      pace(answersPerS, seconds, (dueAt) => answers.track(ask(dueAt))),
      pace(eventsPerS / batchEvents, seconds, (dueAt) => writes.track(write(dueAt))),
    ]);
    await Promise.all([answers.done(), writes.done()]);
    await server.folded();
    const wallS = (performance.now() - start) / 1000;
    return { latencies, acks, items, wallS, cpuS: (await server.cpuS()) - cpu };
  };
  await drive(scaled(warmUpS, load, 0.2));
  say("served-answers: warm");
  const { latencies, acks, items, wallS, cpuS } = await drive(scaled(measuredS * 10, load, 5) / 10);
  answers.close();
  writes.close();
  await server.close();
  const [sorted, acked] = [latencies.sorted(), acks.sorted()];
  const floor = { side: "at most", value: 10 } as const;
  const sampled = Math.floor(latencies.count / 100);
  return {
    notes: [
      `${history.clicks} clicks of ${history.users.length} people from ${history.name}; ${latencies.count} answers, ` +
        `${sampled === 0 ? "some" : (items / sampled).toFixed(1)} items each; ${acks.count * batchEvents} events written.`,
    ],
    figures: [
      { name: "answers", value: latencies.count / wallS, unit: "answers/s" },
      { name: "p50", value: percentile(sorted, 0.5), unit: "ms" },
      { name: "p99", value: percentile(sorted, 0.99), unit: "ms", floor },
      { name: "p99.9", value: percentile(sorted, 0.999), unit: "ms" },
      {
        name: "events written meanwhile",
        value: (acks.count * batchEvents) / wallS,
        unit: "events/s",
      },
      { name: "their p50 ack", value: percentile(acked, 0.5), unit: "ms" },
      { name: "their p99 ack", value: percentile(acked, 0.99), unit: "ms" },
      { name: "processor of the server", value: cpuS / wallS, unit: "CPU-s/s" },
    ],
  };
}
