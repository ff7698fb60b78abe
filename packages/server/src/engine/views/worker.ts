import { createHash } from "node:crypto";
import { parentPort } from "node:worker_threads";
import { readContributions } from "../../core/fold/contribution-codec.ts";
import { solveEase } from "../../core/rank/ease.ts";
import { solveThetas } from "../../core/rank/learned/theta.ts";
import { Models } from "../../core/sum/models.ts";
import { giveWay } from "../give-way.ts";
import type { DigestView, ViewCall, ViewReply } from "./thread.ts";

/** The view thread: its own sums, tailed from contributions, and what is made from them. */
const tenants = new Map<number, Models>();
let clockHour = 0;

giveWay();

parentPort!.on("message", (call: ViewCall) => {
  switch (call.type) {
    case "add":
      readContributions(call.bytes, (tenant, contribution) => modelsOf(tenant).add(contribution));
      return;
    case "clock":
      clockHour = Math.max(clockHour, call.hour);
      for (const models of tenants.values()) models.advance(clockHour);
      return;
    case "digests":
      reply({ type: "digests", id: call.id, view: digests(call.seq) });
      return;
    case "ease": {
      const bytes = solveEase(modelsOf(call.tenant).cooccurrence, call.seq).encode();
      reply({ type: "ease", id: call.id, bytes }, bytes.buffer);
      return;
    }
    case "theta": {
      const bytes = solveThetas(modelsOf(call.tenant).ranker, call.seq).encode();
      reply({ type: "theta", id: call.id, bytes }, bytes.buffer);
      return;
    }
  }
});

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
