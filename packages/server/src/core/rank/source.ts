import type { Context } from "@attune/protocol";
import type { UserState } from "../fold/state.ts";
import type { Models } from "../sum/models.ts";
import type { Catalogue } from "./catalogue.ts";
import type { EaseView } from "./ease.ts";
import type { Scores } from "./scores.ts";

/** What a source may look at. `state` is an empty one where no permit stands behind the request. */
export interface Ask {
  state: UserState;
  models: Models;
  /** The request's time, ms. */
  now: number;
  context: Context;
  /** The view of long-term taste, if there is one: older than the sums, and named by the decision. */
  ease?: EaseView | undefined;
  /** The tenant's items; absent, nothing is known of them. */
  catalogue?: Catalogue | undefined;
  /** What the request asks about; absent, what the user did last. */
  seeds?: readonly string[] | undefined;
  /** Whether the session is shifted (fold/flow.ts): what was done before the newest of it counts less. */
  isShifted?: boolean | undefined;
  /** When the current edition of the list began (ms), of a placement that has editions. */
  editionAt?: number | undefined;
  /** Whether the filters of request, placement and rules let an item in; absent, they turn nobody away. */
  isOffered?: ((item: string) => boolean) | undefined;
}

/** A part of a source's score of one item, and the user's event or the seed (by its item) that brought it. */
export interface Part {
  because: string | undefined;
  /** Positive integer, in the source's own unit. */
  amount: number;
}

/**
 * A candidate source: items with integer scores from one user's state and the sums.
 *
 * Duties of an implementation. Pure: the same ask gives the same set and the same integers; no I/O, no clock,
 * no chance, no dependence on layout (dense ids, posting order, table sizes). Scores are integers below 2^32.
 * `parts` splits the score of an item over the user's events; its amounts sum to that score.
 * An item that no sum ever held is given its dense id by the source (`items.intern`), which then makes room in
 * `scores`.
 * Duties of a caller. `parts` is asked right after `score`, with the same ask, before the next `score`.
 */
export interface Source {
  readonly name: string;
  /**
   * The score that stands for the source's whole weight, of a source that knows how sure it is; no score is
   * above it. Absent: the best score of the answer, however weak.
   */
  readonly full?: number;
  /** Told of a catalogue as soon as it holds, so that the first answer of a large one does not wait. */
  follow?(catalogue: Catalogue): void;
  score(ask: Ask, scores: Scores): void;
  parts(ask: Ask, item: number): Part[];
}
