/** Answers a second over HTTP from a server with a million items and ten million interactions, while events come in. */
import { setTimeout as pause } from "node:timers/promises";
import { openAll, post } from "../doors/connection.ts";
import { pace, Pool } from "../doors/pace.ts";
import { Events } from "../doors/requests.ts";
import { Serving } from "../doors/serving.ts";
import {
  type Figure,
  type Measured,
  type Measurement,
  percentile,
  say,
  scaled,
  type Setting,
  type Table,
  Times,
} from "../figures.ts";
import type { Load } from "../generate.ts";
import { millionData } from "./data.ts";
import { inspectorFlags } from "./inspector.ts";
import { profiled } from "./profile.ts";

const rates = [250, 500, 750, 1_000, 1_250, 1_500, 2_000];
const eventsPerS = 5_000;
const batchEvents = 20;
const leadInS = 3;
const measuredS = 20;
const profiledS = 10;
const limit = 20;
const warmUpAnswers = 2_000;
/** A smaller load is a trial, in which there is nothing to learn; the weights are solved once a minute. */
const learnedMin = 500_000;
const learnMsMax = 180_000;
const p99MsMax = 10;
/** So far beyond it, a higher rate would only measure how long a queue grows. */
const hopelessMs = 500;
const lagMsMax = 1_000;

export const servedMillion: Measurement = {
  name: "served-million",
  title: "Answers over HTTP at size",
  method:
    "`attune serve` runs in a process of its own with default settings on a data directory with 10,000,000 interactions of " +
    "200,000 users and 1,000,000 items in the catalogue (less where the load is smaller; appended beforehand through an engine in " +
    `process; ATTUNE_BENCH_DATA=DIR keeps it). Another process on the same machine asks for ${limit} items of \`up-next\` by the clock, each of ` +
    `the users in turn, nobody twice before all had theirs, and writes ${eventsPerS} events a second of those users by the generator, in ` +
    `batches of ${batchEvents}. Every answer is logged as a decision. Rates go upward; at each ${leadInS} s lead in and ${measuredS} s count. ` +
    "Requests fall due by the clock: a latency counts from then, time in which no connection was free included. A rate is " +
    `reached when its p99 is at most ${p99MsMax} ms, nothing was refused and the fold lag is back at 0 within ${lagMsMax} ms of the end. The sweep ends where p99 passes ${hopelessMs} ms. ` +
    "Then the best rate once more under the server's sampling profiler: self times of each of its threads that was busy.",
  isLong: true,
  run,
};

interface Step {
  perS: number;
  answered: number;
  writtenPerS: number;
  refused: number;
  latencies: Float64Array;
  acks: Float64Array;
  lagMs: number;
  cpuS: number;
  loadCpuS: number;
  rssMb: number;
}

async function run({ load: given, dir }: Setting): Promise<Measured> {
  const { load, figures, note } = await millionData(given, dir);
  const { port, flags } = await inspectorFlags();
  const start = performance.now();
  const server = await Serving.open(dir, [], flags);
  const startMs = performance.now() - start;
  say(`served-million: the server listens after ${(startMs / 1000).toFixed(1)} s`);
  const rssMb = (await server.rssBytes()) / 1e6;
  const crowd = await Crowd.open(server, load);
  const first = await crowd.warmUp(scaled(warmUpAnswers, given, 50));
  const isLearned = load.interactions < learnedMin || (await crowd.learned());
  const seconds = (full: number) => scaled(full * 10, given, 2) / 10;
  const steps: Step[] = [];
  for (const perS of rates) {
    await crowd.drive(perS, seconds(leadInS));
    const step = await crowd.drive(perS, seconds(measuredS));
    steps.push(step);
    const p99 = percentile(step.latencies, 0.99);
    say(`served-million: ${perS} answers/s, p99 ${p99.toFixed(1)} ms`);
    if (p99 > hopelessMs) break;
    await pause(500);
  }
  const best = steps.findLast(isReached);
  const shown = best ?? steps[0]!;
  let more: Step | undefined;
  const threads = await profiled(port, async () => {
    more = await crowd.drive(shown.perS, seconds(profiledS));
  });
  crowd.close();
  await server.close();
  const busy = threads.map((one) => `${one.thread} ${(100 * one.busyShare).toFixed(0)} %`);
  const profiledP99 = percentile(more!.latencies, 0.99).toFixed(1);
  return {
    notes: [
      `${load.interactions} interactions of ${load.users} users, ${load.items} items. ${note}`,
      ...(isLearned
        ? []
        : ["The server had learned no weights for its order, without which an answer costs less."]),
      `Profile at ${shown.perS} answers/s (p99 ${profiledP99} ms under it), busy: ${busy.join(", ")}. (program) is native code: sockets, messages, waiting for a core.`,
    ],
    figures: [
      ...figuresOf(best, shown),
      ...figures,
      { name: "start of the server until it listens", value: startMs, unit: "ms" },
      { name: "its first answer", value: first, unit: "ms" },
      { name: "resident after the start", value: rssMb, unit: "MB" },
      {
        name: "resident after the start",
        value: (rssMb * 1e6) / load.interactions,
        unit: "B/interaction",
      },
      { name: "resident at the highest rate", value: steps.at(-1)!.rssMb, unit: "MB" },
    ],
    tables: [tableOf(steps), ...threads.flatMap(({ tables }) => tables)],
  };
}

function isReached({ latencies, refused, lagMs }: Step): boolean {
  return percentile(latencies, 0.99) <= p99MsMax && refused === 0 && lagMs <= lagMsMax;
}

function figuresOf(best: Step | undefined, shown: Step): Figure[] {
  const at = `at ${shown.perS}/s`;
  return [
    {
      name: `best rate with p99 at most ${p99MsMax} ms`,
      value: best?.perS ?? 0,
      unit: "answers/s",
      floor: { side: "at least", value: 1_000 },
    },
    { name: `${at}: p50`, value: percentile(shown.latencies, 0.5), unit: "ms" },
    {
      name: `${at}: p99`,
      value: percentile(shown.latencies, 0.99),
      unit: "ms",
      floor: { side: "at most", value: p99MsMax },
    },
    { name: `${at}: p99.9`, value: percentile(shown.latencies, 0.999), unit: "ms" },
    { name: `${at}: longest`, value: shown.latencies.at(-1)!, unit: "ms" },
    { name: `${at}: events written meanwhile`, value: shown.writtenPerS, unit: "events/s" },
    { name: `${at}: processor of the server`, value: shown.cpuS, unit: "CPU-s/s" },
  ];
}

function tableOf(steps: readonly Step[]): Table {
  return {
    title: "Rates",
    head: (
      "answers/s due; answered/s; p50, ms; p99, ms; p99.9, ms; longest, ms; events/s; ack p50, ms; ack p99, ms; " +
      "refused; fold lag at the end, ms; server, CPU-s/s; load, CPU-s/s; resident, MB; reached"
    ).split("; "),
    rows: steps.map((step) => [
      step.perS,
      step.answered,
      ...[0.5, 0.99, 0.999, 1].map((share) => percentile(step.latencies, share)),
      step.writtenPerS,
      ...[0.5, 0.99].map((share) => percentile(step.acks, share)),
      step.refused,
      step.lagMs,
      step.cpuS,
      step.loadCpuS,
      step.rssMb,
      isReached(step) ? "yes" : "no",
    ]),
  };
}

/** Everybody who asks, and everybody who acts meanwhile. */
class Crowd {
  readonly #server: Serving;
  readonly #load: Load;
  readonly #events: Events;
  readonly #answers: Pool;
  readonly #writes: Pool;
  #asked = 0;

  private constructor(server: Serving, load: Load, answers: Pool, writes: Pool) {
    this.#server = server;
    this.#load = load;
    this.#events = new Events({ ...load, seed: load.seed + 1 }, `million-${Date.now()}`);
    this.#answers = answers;
    this.#writes = writes;
  }

  static async open(server: Serving, load: Load): Promise<Crowd> {
    const answers = new Pool(await openAll(server.port, 64));
    return new Crowd(server, load, answers, new Pool(await openAll(server.port, 16)));
  }

  /** The next of the users: a step that shares no divisor with their number visits all before any twice. */
  #someone(): string {
    const { users } = this.#load;
    const place = (this.#asked++ * 7_919) % users;
    return `user-${place}`;
  }

  async #ask(): Promise<boolean> {
    const body = JSON.stringify({ userId: this.#someone(), placement: "up-next", limit });
    const { keys } = this.#server;
    const { status, body: said } = await this.#answers.send(
      post("/v1/recommendations", keys.secretKey, body),
    );
    if (status !== 200 && status !== 429) throw new Error(`answer: ${status} ${said.toString()}`);
    return status === 200;
  }

  async #write(): Promise<boolean> {
    const { body } = this.#events.request({ events: batchEvents, users: "many" });
    const { keys } = this.#server;
    const { status, body: said } = await this.#writes.send(post("/v1/batch", keys.serverKey, body));
    if (status !== 200 && status !== 429) throw new Error(`write: ${status} ${said.toString()}`);
    return status === 200;
  }

  /** One after the other; how long the first took, in ms. */
  async warmUp(answers: number): Promise<number> {
    const start = performance.now();
    let firstMs = 0;
    for (let n = 0; n < answers; n++) {
      if (!(await this.#ask())) throw new Error("an answer was refused without any load");
      if (n === 0) firstMs = performance.now() - start;
      if (n % 10 === 0) await this.#write();
    }
    return firstMs;
  }

  /** Goes on writing until the server has weights for its order; false if it has none in time. */
  async learned(): Promise<boolean> {
    const deadline = performance.now() + learnMsMax;
    while ((await this.#server.metric("attune_ranker_tenants")) === 0) {
      if (performance.now() > deadline) return false;
      await this.drive(10, 2);
    }
    say("served-million: the order is a learned one");
    return true;
  }

  async drive(perS: number, seconds: number): Promise<Step> {
    const [latencies, acks] = [new Times(), new Times()];
    let [refused, written] = [0, 0];
    const ask = async (dueAt: number): Promise<void> => {
      if (!(await this.#ask())) refused++;
      latencies.add(performance.now() - dueAt);
    };
    const write = async (dueAt: number): Promise<void> => {
      if (await this.#write()) written += batchEvents;
      else refused++;
      acks.add(performance.now() - dueAt);
    };
    const [cpu, own, start] = [await this.#server.cpuS(), process.cpuUsage(), performance.now()];
    await Promise.all([
      pace(perS, seconds, (dueAt) => this.#answers.track(ask(dueAt))),
      pace(eventsPerS / batchEvents, seconds, (dueAt) => this.#writes.track(write(dueAt))),
    ]);
    await Promise.all([this.#answers.done(), this.#writes.done()]);
    const wallS = (performance.now() - start) / 1000;
    const used = process.cpuUsage(own);
    const cpuS = (await this.#server.cpuS()) - cpu;
    const lagFrom = performance.now();
    await this.#server.folded();
    return {
      perS,
      answered: latencies.count / wallS,
      writtenPerS: written / wallS,
      refused,
      latencies: latencies.sorted(),
      acks: acks.sorted(),
      lagMs: performance.now() - lagFrom,
      cpuS: cpuS / wallS,
      loadCpuS: (used.user + used.system) / 1e6 / wallS,
      rssMb: (await this.#server.rssBytes()) / 1e6,
    };
  }

  close(): void {
    this.#answers.close();
    this.#writes.close();
  }
}
