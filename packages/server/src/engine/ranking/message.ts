import type { RecommendationRequest } from "@attune/protocol";
import type { Declaration } from "../declaration.ts";
import type { Judging } from "./ranked.ts";

/** One question, with all that a thread cannot know by itself. */
export interface RankAsk {
  tenant: number;
  request: RecommendationRequest;
  /** The user's state, encoded; undefined for nobody. */
  state: Uint8Array | undefined;
  seq: number;
  clockHour: number;
  /** As the answer states it: `"epoch.seq"`. */
  position: string;
  decisionId: string;
  /** If the answer is one of those that are judged. */
  judging: Judging | undefined;
  /** Whether it is to say what comes next. */
  isAhead: boolean;
}

/** Somebody to look at: see Look. */
export interface RankLook {
  tenant: number;
  request: RecommendationRequest;
  /** Encoded. */
  state: Uint8Array;
  item: string;
  seed: number;
}

/** What a ranking thread is told, in the order in which it happened. */
export type RankCall =
  | { type: "add"; bytes: Uint8Array }
  | { type: "clock"; hour: number }
  | { type: "declared"; tenant: number; declaration: Declaration }
  /** The view that stands from now on; none where there are no bytes. Those of EASE are shared by all threads. */
  | { type: "ease"; tenant: number; bytes: Uint8Array<SharedArrayBuffer> | undefined }
  | { type: "theta"; tenant: number; bytes: Uint8Array | undefined }
  | { type: "ask"; ask: RankAsk }
  | { type: "look"; look: RankLook };

/** The answer as JSON in UTF-8, as it crosses the wire, and the decision as it is logged. */
export interface RankedText {
  answer: Uint8Array;
  decision: Uint8Array;
}

/** Where a text stands in the bytes of the message: from and to. */
export type Span = readonly [number, number];

/** One for each question and each look, in their order. */
export type RankReply =
  | { answer: Span; decision: Span }
  | { row: string | undefined }
  /** The request cannot be answered as it stands: a RequestError. */
  | { field: string; fault: string };

/** Some replies and the texts of all of them: handing over many small arrays costs more than making them. */
export interface RankReplies {
  replies: RankReply[];
  bytes: Uint8Array<ArrayBuffer>;
}
