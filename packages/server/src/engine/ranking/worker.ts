import { parentPort, workerData } from "node:worker_threads";
import { recommendationOf } from "@attune/protocol";
import { utf8EncodeInto } from "../../base/text.ts";
import { decodeState } from "../../core/fold/codec.ts";
import { ContributionReader } from "../../core/fold/contribution-codec.ts";
import { EaseView } from "../../core/rank/ease.ts";
import { ThetaView } from "../../core/rank/learned/theta.ts";
import { RequestError } from "../../core/rank/request-error.ts";
import { type Taken, took } from "../contribution-tail.ts";
import { Tenants } from "../tenants.ts";
import type { RankAsk, RankCall, RankReplies, RankReply, Span } from "./message.ts";
import { looked } from "./looked.ts";
import { ranked, type ViewsOfTenant } from "./ranked.ts";

/** A ranking thread: sums, definitions and catalogues of its own, tailed in order, and the answers from them. */
const tenants = new Tenants();
const reader = new ContributionReader();
const views = new Map<number, ViewsOfTenant>();

parentPort!.on("message", (calls: readonly RankCall[]) => {
  for (const call of calls) {
    take(call);
    if (replies.length === repliesMax) post();
  }
  post();
});

function take(call: RankCall): void {
  switch (call.type) {
    case "add":
      reader.read(
        call.bytes,
        (tenant) => tenants.obtain(tenant).models.items,
        (tenant, contribution) => tenants.obtain(tenant).models.add(contribution),
      );
      took(workerData as Taken);
      return;
    case "clock":
      tenants.advance(call.hour);
      return;
    case "declared":
      tenants.obtain(call.tenant).declare(call.declaration);
      return;
    case "ease": {
      const ease = call.bytes && EaseView.decode(call.bytes);
      views.set(call.tenant, { ...views.get(call.tenant), ease });
      return;
    }
    case "theta": {
      const theta = call.bytes && ThetaView.decode(call.bytes);
      views.set(call.tenant, { ...views.get(call.tenant), theta });
      return;
    }
    case "ask":
      replies.push(replyTo(call.ask));
      return;
    case "look": {
      const { tenant, state, ...look } = call.look;
      const row = looked(tenants.obtain(tenant), { ...look, state: decodeState(state) });
      replies.push({ row });
    }
  }
}

/** So many answers go out together at most: the first of them waits for the others. */
const repliesMax = 4;
let replies: RankReply[] = [];
let bytes = new Uint8Array(1 << 16);
let end = 0;

function post(): void {
  if (replies.length === 0) return;
  const message: RankReplies = { replies, bytes: bytes.slice(0, end) };
  parentPort!.postMessage(message, [message.bytes.buffer]);
  replies = [];
  end = 0;
}

function write(value: unknown): Span {
  const text = JSON.stringify(value);
  const most = end + text.length * 3;
  if (most > bytes.length) {
    const grown = new Uint8Array(Math.max(most, bytes.length * 2));
    grown.set(bytes.subarray(0, end));
    bytes = grown;
  }
  const start = end;
  end += utf8EncodeInto(text, bytes.subarray(start));
  return [start, end];
}

function replyTo(ask: RankAsk): RankReply {
  try {
    return answered(ask);
  } catch (error) {
    if (!(error instanceof RequestError)) throw error;
    return { field: error.field, fault: error.fault };
  }
}

function answered({
  tenant: number,
  state,
  isAhead,
  decisionId,
  judging,
  position,
  ...ask
}: RankAsk): { answer: Span; decision: Span } {
  const tenant = tenants.obtain(number);
  const question = { ...ask, state: state && decodeState(state) };
  const { answer, decision, prediction } = ranked(tenant, views.get(number) ?? {}, question);
  const { placement } = ask.request;
  // What is asked for may be more than there is.
  const length = Math.min(judging?.length ?? 0, answer.items.length);
  const made = decision(decisionId, judging && { ...judging, length });
  const body = recommendationOf(
    {
      decisionId,
      placement,
      items: answer.items,
      position,
      prediction: isAhead ? prediction() : undefined,
    },
    (item) => tenant.catalogue.get(item)?.attributes,
  );
  return { answer: write(body), decision: write(made) };
}
