import { OldestFirst } from "../base/oldest-first.ts";

/**
 * How long to tell a refused caller to wait: whole seconds that grow while the overload lasts (a stock client
 * gives up after a fixed number of tries, so a constant second would lose its batch) and jitter by a fifth, so
 * that those who were refused together do not come back together.
 */
const stepsS = [1, 2, 5, 15, 60] as const;
const jitter = 0.2;

export interface RetryAfterOptions {
  now: () => number;
  /** 0 <= x < 1. */
  chance: () => number;
  /** Most names kept; beyond it the one refused longest ago goes. */
  namesMax: number;
}

interface Overload {
  since: number;
  last: number;
  stepS: number;
}

export class RetryAfter {
  readonly #options: RetryAfterOptions;
  readonly #overloads = new OldestFirst<string, Overload>();

  constructor(options: RetryAfterOptions) {
    this.#options = options;
  }

  /**
   * Seconds for `Retry-After`; `name` is what is overloaded: the queue, a key, a user. The overload is over
   * when nobody was refused for `calmMs`; without it for twice as long as the last one was told to wait, since
   * a lone caller who obeys is not heard of for that long.
   */
  next(name: string, calmMs?: number): number {
    const now = this.#options.now();
    const known = this.#overloads.get(name);
    const isOver =
      known === undefined ||
      now - known.last > (calmMs ?? 2_000 * (known.stepS * (1 + jitter) + 1));
    const since = isOver ? now : known.since;
    const stepS = stepAt(now - since);
    this.#overloads.set(name, { since, last: now, stepS });
    if (this.#overloads.size > this.#options.namesMax) this.#overloads.dropOldest();
    return Math.max(1, Math.round(stepS * (1 - jitter + 2 * jitter * this.#options.chance())));
  }
}

/** The step that a caller who obeyed every answer so far would have reached. */
function stepAt(elapsedMs: number): number {
  let left = elapsedMs / 1_000;
  for (const step of stepsS) {
    if (left < step) return step;
    left -= step;
  }
  return stepsS.at(-1)!;
}
