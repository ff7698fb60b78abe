import { parentPort } from "node:worker_threads";
import { recommendationOf } from "@attune/protocol";
import { utf8Encode } from "../../base/text.ts";
import { decodeState } from "../../core/fold/codec.ts";
import { readContributions } from "../../core/fold/contribution-codec.ts";
import { EaseView } from "../../core/rank/ease.ts";
import { ThetaView } from "../../core/rank/learned/theta.ts";
import { RequestError } from "../../core/rank/request-error.ts";
import { Tenants } from "../tenants.ts";
import type { RankAsk, RankCall, RankedText, RankReply } from "./message.ts";
import { ranked, type ViewsOfTenant } from "./ranked.ts";

/** A ranking thread: sums, definitions and catalogues of its own, tailed in order, and the answers from them. */
const tenants = new Tenants();
const views = new Map<number, ViewsOfTenant>();

parentPort!.on("message", (call: RankCall) => {
  switch (call.type) {
    case "add":
      readContributions(call.bytes, (tenant, contribution) =>
        tenants.obtain(tenant).models.add(contribution),
      );
      return;
    case "clock":
      tenants.advance(call.hour);
      return;
    case "declared":
      tenants.obtain(call.tenant).declare(call.declaration);
      return;
    case "views":
      views.set(call.tenant, {
        ease: call.ease && EaseView.decode(call.ease),
        theta: call.theta && ThetaView.decode(call.theta),
      });
      return;
    case "ask":
      reply(call.id, call.ask);
  }
});

function reply(id: number, ask: RankAsk): void {
  const post = (message: RankReply): void => parentPort!.postMessage(message);
  try {
    post({ id, ...answered(ask) });
  } catch (error) {
    if (!(error instanceof RequestError)) throw error;
    post({ id, field: error.field, fault: error.fault });
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
}: RankAsk): RankedText {
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
  return {
    answer: utf8Encode(JSON.stringify(body)),
    decision: utf8Encode(JSON.stringify(made)),
  };
}
