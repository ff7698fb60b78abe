import type { Context } from "./event.ts";

/** A comparison on one attribute of the item; all of them must hold. */
export interface FilterTerm {
  attribute: string;
  op: "eq" | "ne" | "in" | "gte" | "lte";
  value: string | number | boolean | readonly (string | number)[];
}

/** What is asked for, with everything an answer may depend on beside state, sums and catalogue. */
export interface RecommendationRequest {
  placement: string;
  /** 1..200 items. */
  limit: number;
  /** The request's time, ms since 1970: the only "now" that a rank knows. */
  now: number;
  context?: Context | undefined;
  exclude?: readonly string[] | undefined;
  /** Terms that all must hold, or a text in the language of filters. */
  filter?: readonly FilterTerm[] | string | undefined;
  onScreen?: readonly string[] | undefined;
  /** What the answer is to be about, such as the item whose page this is; the first few count. */
  items?: readonly string[] | undefined;
  /** A playlist of the user that the answer goes on from; it stands behind `items`. */
  playlist?: string | undefined;
  /**
   * That it is for a list which changes while somebody looks: how long that list is, where the answer is longer,
   * and the person's `sequence` when it began. What chance put into it then stays there.
   */
  list?: { size: number; sequence?: number | undefined } | undefined;
}

/**
 * Why an item stands where it stands. The shares of an item sum to its score exactly. `because` is the item
 * of the user's own event, or of the request, that brought this share; absent where the source looks at neither.
 */
export interface Reason {
  source: string;
  because?: string | undefined;
  share: number;
}

export interface RecommendedItem {
  item: string;
  /** Integer. */
  score: number;
  /** Probability with which this slot was drawn; 1 where nothing was drawn. */
  propensity: number;
  reasons: readonly Reason[];
  /** What must be written on it, such as "Sponsored". */
  label?: string | undefined;
}

/** What an interaction is to a session, in classes; `end` is that nothing follows in it. */
export type NextAction = "view" | "play" | "complete" | "skip" | "like" | "add" | "end";

/** What the person is likely to do next. Chances are whole thousandths. */
export interface Prediction {
  /** By item of the answer: that a play of it would be skipped. Absent while no play was ever counted. */
  pSkip?: readonly number[] | undefined;
  /** That the open session ends with what it holds; absent without one. */
  pSessionEnd?: number | undefined;
  nextAction?: { action: NextAction; p: number } | undefined;
  /** Ids of the answer's items that are worth loading now. */
  prefetch: readonly string[];
}

/** The logged answer: with the log up to its positions it can be computed again, bit for bit. */
export interface Decision {
  /** `start:counter`, unique for ever; outside it is shown as a keyed hash. */
  id: string;
  request: RecommendationRequest;
  /** False when no permit stood behind it: the answer of a stranger. */
  personal: boolean;
  /** Seq of the last commit folded into the user's state and into the sums. */
  statePosition: number;
  modelPosition: number;
  /** Hour of the last clock record. */
  clockHour: number;
  versions: { catalogue: number; definitions: number; configuration: string; logic: number };
  views: readonly string[];
  arm: string;
  /** Acknowledged events of the user so far. */
  sequence: number;
  slots: readonly { item: string; score: number; propensity: number }[];
  /**
   * The items as they stood on the screen, where that is not the list above: what was in view keeps its slot.
   * What is seen and clicked counts for these slots.
   */
  shown?: readonly string[] | undefined;
  /**
   * What most people touched of late, best first, beside which the list is judged by what its reader takes next.
   * Absent where it is not judged.
   */
  popular?: readonly string[] | undefined;
  /**
   * What the ranker saw of the first slots, in some decisions alone: by what comes of those slots it learns. A text
   * a slot, empty where the ranker did not look at it; the layout is the server's own.
   */
  features?: { version: number; slots: readonly string[] } | undefined;
  /**
   * A decision that nobody was shown: the user acted without a list, and this is what the ranker would have
   * looked at, with what was taken (hex; the layout is the server's own). `slots` is empty.
   */
  shadow?: string | undefined;
}

/** An answer, before it is written for the wire. */
export interface AnswerParts {
  decisionId: string;
  placement: string;
  items: readonly RecommendedItem[];
  /** Position the answer reflects: `"epoch.seq"`. */
  position: string;
  /** If it was asked for. */
  prediction?: Prediction | undefined;
}

/** The body of an answer over HTTP; `attributesOf` are those of an item in the catalogue. */
export function recommendationOf(
  { decisionId, placement, items, position, prediction }: AnswerParts,
  attributesOf: (item: string) => Readonly<Record<string, unknown>> | undefined,
) {
  const { pSkip, ...ahead } = prediction ?? {};
  const shown = items.map(({ item, score, reasons, label }, slot) => ({
    id: item,
    score,
    reasons,
    label,
    item: attributesOf(item),
    ...(pSkip === undefined ? {} : { pSkip: pSkip[slot] }),
  }));
  return { decisionId, placement, items: shown, position, ...ahead };
}
