import type { Contribution } from "./contribution.ts";
import { addExposures } from "./exposures.ts";
import { addRankerRows } from "./ranker-rows.ts";
import { addSessions } from "./sessions.ts";
import { addFlow } from "./flow.ts";
import type { FoldLimits, UserState } from "./state.ts";
import { addTaste } from "./taste.ts";

/** C(state): everything the user adds to the sums, deltas positive, sessions in ascending order. */
export function contributionsOf(state: UserState, limits: Readonly<FoldLimits>): Contribution[] {
  const contributions: Contribution[] = [];
  addSessions(state.sessions, contributions);
  addTaste(state, limits, contributions);
  addExposures(state.exposures, contributions);
  addRankerRows(state.rankerRows, contributions);
  addFlow(state, limits, contributions);
  return contributions;
}
