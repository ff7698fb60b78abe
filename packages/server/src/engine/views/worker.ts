import { createHash } from "node:crypto";
import { setTimeout as pause, setImmediate } from "node:timers/promises";
import { parentPort, workerData } from "node:worker_threads";
import { ContributionReader } from "../../core/fold/contribution-codec.ts";
import { type EaseView, solveEaseInSteps } from "../../core/rank/ease.ts";
import { solveThetas } from "../../core/rank/learned/theta.ts";
import { Models } from "../../core/sum/models.ts";
import { took } from "../contribution-tail.ts";
import { giveWay } from "../give-way.ts";
import { Rests } from "./rests.ts";
import type { DigestView, ViewCall, ViewData, ViewReply } from "./thread.ts";

/** The view thread: its own sums, tailed from contributions, and what is made from them. */
const tenants = new Map<number, Models>();
const reader = new ContributionReader();
const { taken, easeCorePermille } = workerData as ViewData;
let clockHour = 0;
/** The solve of EASE under way, or the last one. */
let solving: Promise<void> = Promise.resolve();

giveWay();

parentPort!.on("message", (call: ViewCall) => {
  switch (call.type) {
    case "add":
      reader.read(
        call.bytes,
        (tenant) => modelsOf(tenant).items,
        (tenant, contribution) => modelsOf(tenant).add(contribution),
      );
      took(taken);
      return;
    case "clock":
      clockHour = Math.max(clockHour, call.hour);
      for (const models of tenants.values()) models.advance(clockHour);
      return;
    case "digests": {
      // Made at once, since the sums move on; told in the order of the questions, as their askers may rely on.
      const view = digests(call.seq);
      void solving.then(() => reply({ type: "digests", id: call.id, view }));
      return;
    }
    case "ease":
      solving = solve(call.id, call.tenant, call.seq);
      return;
    case "theta": {
      const bytes = solveThetas(modelsOf(call.tenant).ranker, call.seq).encode();
      reply({ type: "theta", id: call.id, bytes }, bytes.buffer);
      return;
    }
  }
});

/**
 * At the limit of its size a solve is some 15 s of one core, which everybody who shares that core or its caches would feel.
 * Between its steps, most of them below a millisecond, it rests, and the thread takes in what happened meanwhile and
 * solves the weights of the ranker: those wait for one step, and never for a solve.
 */
async function solve(id: number, tenant: number, seq: number): Promise<void> {
  const before = process.threadCpuUsage();
  const rests = new Rests(easeCorePermille);
  const steps = solveEaseInSteps(modelsOf(tenant).cooccurrence, seq);
  for (;;) {
    const began = performance.now();
    const step = steps.next();
    if (step.done === true) return solved(id, step.value, before);
    const restMs = rests.after(performance.now() - began);
    await (restMs < 1 ? setImmediate() : pause(restMs));
  }
}

function solved(id: number, view: EaseView, before: NodeJS.CpuUsage): void {
  const bytes = view.encode();
  const { user, system } = process.threadCpuUsage(before);
  reply({ type: "ease", id, bytes, cpuMs: (user + system) / 1_000 });
}

function reply(message: ViewReply, ...transferred: ArrayBuffer[]): void {
  parentPort!.postMessage(message, transferred);
}

function modelsOf(tenant: number): Models {
  const known = tenants.get(tenant);
  if (known !== undefined) return known;
  const models = new Models();
  models.advance(clockHour);
  tenants.set(tenant, models);
  return models;
}

function digests(seq: number): DigestView {
  const sums: DigestView["sums"] = {};
  for (const [tenant, models] of [...tenants].sort(([a], [b]) => a - b)) {
    for (const summary of models.all()) {
      if (summary.size === 0) continue;
      sums[`${tenant}/${summary.model}`] = {
        running: summary.digest(),
        sha256: createHash("sha256").update(summary.encode()).digest("hex"),
      };
    }
  }
  return { seq, sums };
}
