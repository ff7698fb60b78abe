/**
 * Shares the turns of the event loop: work of one kind gets `sliceMs` of each, and what is beyond that waits for the
 * turns to come, in its order. So a flood of it makes its own queue longer, and not the turns, which everything else on
 * the thread would wait for.
 */
import { Fifo } from "../../base/fifo.ts";

export class Slices {
  readonly #sliceMs: number;
  /** Monotonic clock, ms. */
  readonly #elapsed: () => number;
  readonly #waiting = new Fifo<() => void>();
  /** Whether the time of this turn runs, and when it is over. */
  #isRunning = false;
  #end = 0;

  constructor(sliceMs: number, elapsed: () => number = () => performance.now()) {
    this.#sliceMs = sliceMs;
    this.#elapsed = elapsed;
  }

  /** What waits. */
  get length(): number {
    return this.#waiting.length;
  }

  /** Undefined where the work may begin at once, else what to wait for. */
  enter(): Promise<void> | undefined {
    if (!this.#isRunning) this.#begin();
    if (this.#waiting.length === 0 && this.#elapsed() < this.#end) return undefined;
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  #begin(): void {
    this.#isRunning = true;
    this.#end = this.#elapsed() + this.#sliceMs;
    setImmediate(() => void this.#turn());
  }

  async #turn(): Promise<void> {
    this.#isRunning = false;
    if (this.#waiting.length === 0) return;
    this.#begin();
    // One at least: with a clock that stands still or leaps, work must go on.
    do {
      this.#waiting.shift()!();
      // Behind every microtask: the work has done then what it can do in this turn.
      await new Promise<void>((resolve) => process.nextTick(resolve));
    } while (this.#waiting.length > 0 && this.#elapsed() < this.#end);
  }
}
