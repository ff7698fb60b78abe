import type { Decision, Prediction, RecommendationRequest } from "@attune/protocol";
import { type ConsentPolicy, type Permit, permitFor } from "../../core/fold/consent.ts";
import { judgedMax } from "../../core/fold/audiences.ts";
import type { UserState } from "../../core/fold/state.ts";
import { makeDecision } from "../../core/rank/decision.ts";
import type { EaseView } from "../../core/rank/ease.ts";
import type { ThetaView } from "../../core/rank/learned/theta.ts";
import { predict } from "../../core/rank/predict.ts";
import type { Catalogue } from "../../core/rank/catalogue.ts";
import type { MostPopular } from "../../core/rank/metrics/most-popular.ts";
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
  mostPopular: MostPopular;
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

/** That an answer is judged beside the most popular items, as many as it has itself: see core/fold/audiences.ts. */
export interface Judging {
  /** Items of the answer, or more than it has. */
  length: number;
  /** How often something that people did was taken back: no list may be older than the last time. */
  erasures: number;
}

export interface ViewsOfTenant {
  ease?: EaseView | undefined;
  theta?: ThetaView | undefined;
}

/** An answer, and what can be made of it where it was made: the same on every thread that has the same sums. */
export interface Ranked {
  answer: Answer;
  permit: Permit<"personalization"> | undefined;
  decision(id: string, judging?: Judging): Decision;
  prediction(): Prediction;
}

/** Throws a RequestError that names the field when the request cannot be answered. */
export function ranked(
  { policy, ranker, models, catalogue, definitions, mostPopular }: Grounds,
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
    decision: (id, judging) => {
      const decision = makeDecision(answer, {
        id,
        // What a list of the person began with is nothing to log of a stranger.
        request: permit === undefined ? impersonal(request) : request,
        position: seq,
        clockHour,
        catalogue: catalogue.version,
        definitions: definitions.version,
        sequence: state?.sequence ?? 0,
      });
      const length = Math.min(judging?.length ?? 0, judgedMax);
      if (judging === undefined || length === 0) return decision;
      const { takedowns } = definitions;
      const { erasures } = judging;
      const list = mostPopular.list(models, catalogue, takedowns, request.now, erasures);
      return list.length === 0 ? decision : { ...decision, popular: list.slice(0, length) };
    },
    prediction: () => {
      const ids = answer.items.map(({ item }) => item);
      return predict(permit, state, models, ids, request.now);
    },
  };
}

function impersonal(request: RecommendationRequest): RecommendationRequest {
  return request.list === undefined ? request : { ...request, list: { size: request.list.size } };
}
