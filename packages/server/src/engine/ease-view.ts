import type { EaseView } from "../core/rank/ease.ts";
import type { Cooccurrence } from "../core/sum/cooccurrence.ts";
import type { Views } from "./views.ts";

/** How often a tenant's view is made anew at most; a solve at the limit of its size is most of a minute. */
export const easeEveryMsDefault = 600_000;

/**
 * The newest EASE view of a tenant, made by the view thread. Law: no answer after an erasure is made with a
 * view that knew what was erased. So the view is dropped with the erasure, a solve that was under way comes to
 * nothing, and until the next one is through taste is read from the counts, which forget at once.
 */
export class NewestEase {
  readonly #views: Pick<Views, "ease">;
  readonly #tenant: number;
  readonly #everyMs: number;
  #view: EaseView | undefined;
  #askedAt = -Infinity;
  #isAsked = false;
  /** Goes up with every erasure: a view asked for before one is out of date when it comes. */
  #erasures = 0;

  constructor(views: Pick<Views, "ease">, tenant: number, everyMs: number) {
    this.#views = views;
    this.#tenant = tenant;
    this.#everyMs = everyMs;
  }

  get view(): EaseView | undefined {
    return this.#view;
  }

  /** Asks for a view of the sums at commit `seq` if it is time and they moved. Never in the middle of a commit. */
  refresh(sums: Cooccurrence, seq: number, now: number): void {
    const isDue = this.#view === undefined || now - this.#askedAt >= this.#everyMs;
    if (this.#isAsked || !isDue || sums.size === 0) return;
    if (this.#view?.digest === sums.digest()) return;
    this.#isAsked = true;
    this.#askedAt = now;
    const erasures = this.#erasures;
    this.#views.ease(this.#tenant, seq).then(
      (view) => {
        this.#isAsked = false;
        if (erasures === this.#erasures) this.#view = view;
      },
      // The thread is gone and says so to whoever asks for digests. Answers go on from the counts.
      () => (this.#view = undefined),
    );
  }

  drop(): void {
    this.#erasures += 1;
    this.#view = undefined;
  }
}
