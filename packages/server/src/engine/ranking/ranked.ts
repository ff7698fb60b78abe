import type { Decision, Prediction, RecommendationRequest } from "@attune/protocol";
import { type ConsentPolicy, type Permit, permitFor } from "../../core/fold/consent.ts";
import type { UserState } from "../../core/fold/state.ts";
import { makeDecision } from "../../core/rank/decision.ts";
import type { EaseView } from "../../core/rank/ease.ts";
import type { ThetaView } from "../../core/rank/learned/theta.ts";
import { predict } from "../../core/rank/predict.ts";
import type { Catalogue } from "../../core/rank/catalogue.ts";
import type { Definitions } from "../../core/rank/placement.ts";
import type { Answer, Ranker } from "../../core/rank/recommend.ts";
import type { Models } from "../../core/sum/models.ts";

/** What a tenant's answers are made from, as a thread has it. */
export interface Grounds {
  policy: ConsentPolicy;
  ranker: Ranker;
  models: Models;
  catalogue: Catalogue;
  definitions: Definitions;
}

/** What an answer is made from beside the sums and definitions of its tenant. */
export interface Question {
  request: RecommendationRequest;
  /** Of the user who asks; undefined for nobody. */
  state: UserState | undefined;
  /** Last commit folded into the state and into the sums. */
  seq: number;
  clockHour: number;
}

export interface ViewsOfTenant {
  ease?: EaseView | undefined;
  theta?: ThetaView | undefined;
}

/** An answer, and what can be made of it where it was made: the same on every thread that has the same sums. */
export interface Ranked {
  answer: Answer;
  permit: Permit<"personalization"> | undefined;
  decision(id: string): Decision;
  prediction(): Prediction;
}

/** Throws a RequestError that names the field when the request cannot be answered. */
export function ranked(
  { policy, ranker, models, catalogue, definitions }: Grounds,
  { ease, theta }: ViewsOfTenant,
  { request, state, seq, clockHour }: Question,
): Ranked {
  const permit = permitFor(state, policy, "personalization", seq);
  const answer = ranker.recommend(
    permit,
    state,
    models,
    catalogue,
    definitions,
    request,
    undefined,
    ease,
    theta,
  );
  return {
    answer,
    permit,
    decision: (id) =>
      makeDecision(answer, {
        id,
        request,
        position: seq,
        clockHour,
        catalogue: catalogue.version,
        definitions: definitions.version,
        sequence: state?.sequence ?? 0,
      }),
    prediction: () => {
      const ids = answer.items.map(({ item }) => item);
      return predict(permit, state, models, ids, request.now);
    },
  };
}
