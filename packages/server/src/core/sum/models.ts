import type { Contribution, Named } from "../fold/contribution.ts";
import { Audiences } from "./audiences.ts";
import { Contexts } from "./contexts.ts";
import { Cooccurrence } from "./cooccurrence.ts";
import { Flow } from "./flow.ts";
import { Items } from "./items.ts";
import { Popularity } from "./popularity.ts";
import { RankerSum } from "./ranker.ts";
import { Rewards } from "./rewards.ts";
import { SessionIndex } from "./session-index.ts";
import { Skips } from "./skips.ts";

/** All additive models of one tenant, side by side over one table of items. */
export class Models {
  readonly items = new Items();
  readonly sessions = new SessionIndex(this.items);
  readonly cooccurrence = new Cooccurrence(this.items);
  readonly popularity = new Popularity(this.items);
  readonly rewards = new Rewards(this.items);
  readonly ranker = new RankerSum(this.items);
  readonly contexts = new Contexts(this.items);
  readonly flow = new Flow(this.items);
  readonly skips = new Skips(this.items);
  readonly audiences = new Audiences(this.items);

  add(contribution: Contribution<Named>): void {
    switch (contribution.model) {
      case "sessions":
        return this.sessions.add(contribution);
      case "cooccurrence":
        return this.cooccurrence.add(contribution);
      case "popularity":
        this.popularity.add(contribution);
        return this.contexts.add(contribution);
      case "rewards":
        return this.rewards.add(contribution);
      case "ranker":
        return this.ranker.add(contribution);
      case "flow":
        return this.flow.add(contribution);
      case "skips":
        return this.skips.add(contribution);
      case "audiences":
        return this.audiences.add(contribution);
    }
  }

  subtract(contribution: Contribution): void {
    this.add({ ...contribution, delta: -contribution.delta });
  }

  addAll(contributions: readonly Contribution[]): void {
    for (const contribution of contributions) this.add(contribution);
  }

  /** Takes C(state) back: last added, first subtracted, so that sessions shrink from their ends. */
  subtractAll(contributions: readonly Contribution[]): void {
    for (const contribution of contributions.toReversed()) this.subtract(contribution);
  }

  /** Moves windows and buckets to the hour of a clock record; earlier hours change nothing. */
  advance(clockHour: number): void {
    this.popularity.advance(clockHour);
  }

  merge(other: Models): void {
    const hour = Math.max(this.popularity.clockHour, other.popularity.clockHour);
    this.advance(hour);
    other.advance(hour);
    this.sessions.merge(other.sessions);
    this.cooccurrence.merge(other.cooccurrence);
    this.popularity.merge(other.popularity);
    this.rewards.merge(other.rewards);
    this.ranker.merge(other.ranker);
    this.contexts.merge(other.contexts);
    this.flow.merge(other.flow);
    this.skips.merge(other.skips);
    this.audiences.merge(other.audiences);
  }

  /** Every summary in a fixed order. */
  all() {
    return [
      this.sessions,
      this.cooccurrence,
      this.popularity,
      this.rewards,
      this.ranker,
      this.contexts,
      this.flow,
      this.skips,
      this.audiences,
    ] as const;
  }

  /** The running digests by model. */
  digests(): Record<string, string> {
    return Object.fromEntries(this.all().map((summary) => [summary.model, summary.digest()]));
  }
}
