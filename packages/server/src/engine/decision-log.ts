/**
 * Decisions on their way to the log. No answer waits for its decision, so those of a few milliseconds go in one
 * commit: a thousand answers a second made a thousand commits. Whatever else is appended comes after what waits here,
 * so a decision stands in the log before anything its reader does. What waits is lost in a crash; what was to follow
 * it then names a decision that nobody knows.
 */
import type { RecordInput } from "../base/record.ts";
import { isFull, type Log } from "../log/log.ts";

export class DecisionLog {
  /** Decisions that found no space in the log. */
  lost = 0;
  readonly #log: Pick<Log, "append">;
  readonly #delayMsMax: number;
  readonly #track: (appended: Promise<unknown>) => void;
  #waiting: RecordInput[] = [];
  #timer: NodeJS.Timeout | undefined;

  /** With a delay of 0 each decision is appended in its own turn. `track` gets what is not awaited. */
  constructor(
    log: Pick<Log, "append">,
    delayMsMax: number,
    track: (appended: Promise<unknown>) => void,
  ) {
    this.#log = log;
    this.#delayMsMax = delayMsMax;
    this.#track = track;
  }

  add(decision: RecordInput): void {
    this.#waiting.push(decision);
    if (this.#delayMsMax === 0) this.flush();
    else this.#timer ??= setTimeout(() => this.flush(), this.#delayMsMax);
  }

  /** Hands what waits to the log. */
  flush(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const decisions = this.#waiting;
    if (decisions.length === 0) return;
    this.#waiting = [];
    const appended = this.#log.append(decisions).catch((error: unknown) => {
      if (!isFull(error)) throw error;
      this.lost += decisions.length;
    });
    this.#track(appended);
  }
}
