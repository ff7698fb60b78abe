import type { Decision, RecommendationRequest, RecommendedItem } from "@attune/protocol";
import type { Permit } from "../fold/consent.ts";
import { logicVersion, type UserState } from "../fold/state.ts";
import type { Models } from "../sum/models.ts";
import type { Catalogue } from "./catalogue.ts";
import type { EaseView } from "./ease.ts";
import type { ThetaView } from "./learned/theta.ts";
import type { Definitions } from "./placement.ts";
import { type Answer, type Ranker, rankConfiguration } from "./recommend.ts";

/**
 * The logged answer, and its replay: with the same inputs the same list comes out, bit for bit. A replay on
 * other inputs never passes for the answer of its day: it says which of them differ and shows the logged list.
 */
export interface DecisionFacts {
  /** `start:counter`. */
  id: string;
  request: RecommendationRequest;
  /** Seq of the last commit folded into the state, and into the sums. */
  position: number;
  clockHour: number;
  /** Versions. */
  catalogue: number;
  definitions: number;
  /** Acknowledged events of the user; 0 without a permit. */
  sequence: number;
  arm?: string | undefined;
}

export function makeDecision(answer: Answer, facts: DecisionFacts): Decision {
  return {
    id: facts.id,
    request: facts.request,
    personal: answer.personal,
    statePosition: facts.position,
    modelPosition: facts.position,
    clockHour: facts.clockHour,
    versions: {
      catalogue: facts.catalogue,
      definitions: facts.definitions,
      configuration: rankConfiguration,
      logic: logicVersion,
    },
    views: answer.views,
    arm: facts.arm ?? "",
    sequence: answer.personal ? facts.sequence : 0,
    slots: answer.items.map(({ item, score, propensity }) => ({ item, score, propensity })),
    ...(answer.features && { features: answer.features }),
  };
}

export type DecisionInput =
  | "permit"
  | "sequence"
  | "clock"
  | "catalogue"
  | "definitions"
  | "configuration"
  | "logic"
  | "views";

export type Replayed =
  | { outcome: "equal"; items: readonly RecommendedItem[] }
  /** These inputs are not those of the decision: nothing was compared. */
  | { outcome: "inputs differ"; inputs: DecisionInput[]; logged: Decision["slots"] }
  /** Same versions, other list or features: state or sums changed (an erasure), or rank is not pure. */
  | {
      outcome: "differs";
      /** First slot that differs. */
      slot: number;
      items: readonly RecommendedItem[];
      logged: Decision["slots"];
    };

/** Answers the request of a decision again, from state and sums as of its position, and compares. */
export function replayDecision(
  decision: Decision,
  ranker: Ranker,
  permit: Permit<"personalization"> | undefined,
  state: UserState | undefined,
  models: Models,
  catalogue: Catalogue,
  definitions: Definitions,
  ease?: EaseView | undefined,
  theta?: ThetaView | undefined,
): Replayed {
  const logged = decision.slots;
  const versions = decision.versions;
  const isSame: Record<DecisionInput, boolean> = {
    permit: decision.personal === (permit !== undefined),
    sequence: !decision.personal || decision.sequence === (state?.sequence ?? 0),
    clock: decision.clockHour === models.popularity.clockHour,
    catalogue: versions.catalogue === catalogue.version,
    definitions: versions.definitions === definitions.version,
    configuration: versions.configuration === rankConfiguration,
    logic: versions.logic === logicVersion,
    views: decision.views.join() === [ease, theta].flatMap((view) => view?.name ?? []).join(),
  };
  const inputs = (Object.keys(isSame) as DecisionInput[]).filter((input) => !isSame[input]);
  if (inputs.length > 0) return { outcome: "inputs differ", inputs, logged };
  const { request } = decision;
  const { items, features } = ranker.recommend(
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
  const slot = firstDifference(items, features, decision);
  return slot < 0 ? { outcome: "equal", items } : { outcome: "differs", slot, items, logged };
}

/** What is learned of the slots counts as well as they themselves. */
function firstDifference(
  items: readonly RecommendedItem[],
  features: Decision["features"],
  { slots: logged, features: seen }: Decision,
): number {
  if (features?.version !== seen?.version) return 0;
  const length = Math.max(items.length, logged.length);
  for (let slot = 0; slot < length; slot++) {
    const now = items[slot];
    const then = logged[slot];
    if (now === undefined || then === undefined) return slot;
    const isEqual =
      now.item === then.item &&
      Object.is(now.score, then.score) &&
      Object.is(now.propensity, then.propensity) &&
      features?.slots[slot] === seen?.slots[slot];
    if (!isEqual) return slot;
  }
  return -1;
}
