import type { EaseView } from "../../core/rank/ease.ts";
import type { Cooccurrence } from "../../core/sum/cooccurrence.ts";
import { NewestView } from "./newest.ts";
import { easeCorePermilleDefault, type SolvedEase, type Views } from "./thread.ts";

/** How often a tenant's view is made anew at most, however little a solve takes. */
const easeEveryMsDefault = 60_000;
/**
 * Below so many tastes of users for items, all in all, the counts answer alone. On ml-100k with 29 of its users (1,960
 * tastes) a view was ahead of the counts already, .26 to .18 of nDCG@10 (docs/quality.md).
 */
const easeLikesMinDefault = 1_000;
/** A view stands until a fiftieth of the tastes came or went. */
const changedShare = 50;

export interface EaseOptions {
  /** Whether an engine that has a view thread solves EASE at all, and how much of one core it may take, in permille. */
  easeCorePermille?: number | undefined;
  easeEveryMs?: number | undefined;
  easeLikesMin?: number | undefined;
}

/**
 * When the views of all tenants are solved: one at a time, and after each so long a rest that all of them together
 * stay within their part of a core. What a solve took is told by the thread that made it.
 */
export class EasePace {
  readonly everyMs: number;
  readonly likesMin: number;
  /** So many times as long as a solve took is it from its start to that of the next. */
  readonly #spacing: number;
  #isSolving = false;
  #freeAt = -Infinity;

  constructor(options: EaseOptions = {}) {
    this.everyMs = options.easeEveryMs ?? easeEveryMsDefault;
    this.likesMin = options.easeLikesMin ?? easeLikesMinDefault;
    this.#spacing = 1_000 / (options.easeCorePermille ?? easeCorePermilleDefault);
  }

  isFree(now: number): boolean {
    return !this.#isSolving && now >= this.#freeAt && this.#spacing < Infinity;
  }

  /** Once the view is there, its place is free again when its time has gone by. After a failure it never is. */
  async pace(solving: Promise<SolvedEase>, now: number): Promise<EaseView> {
    this.#isSolving = true;
    const { view, cpuMs } = await solving;
    this.#isSolving = false;
    this.#freeAt = now + cpuMs * this.#spacing;
    return view;
  }
}

/** The newest EASE view of a tenant; without one taste is read from the counts. */
export class NewestEase extends NewestView<EaseView> {
  readonly #pace: EasePace;
  /** Of the sums, when a view was asked for last. */
  #changesAsked = 0;

  constructor(views: Pick<Views, "ease">, tenant: number, pace: EasePace) {
    super((seq, now) => {
      return pace.pace(views.ease(tenant, seq), now);
    }, pace.everyMs);
    this.#pace = pace;
  }

  /** Asks only where there is something to gain: tastes enough, and enough of them other than in the view that stands. */
  refresh(sums: Cooccurrence, seq: number, now: number): void {
    const { likes, changes } = sums;
    if (likes < this.#pace.likesMin || !this.#pace.isFree(now)) return;
    const changed = changes - this.#changesAsked;
    if (this.view !== undefined && changed * changedShare < likes) return;
    if (this.ask(sums.digest(), seq, now)) this.#changesAsked = changes;
  }
}
