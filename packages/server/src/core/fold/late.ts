import type { InteractionEvent } from "@attune/protocol";
import { hasPurpose, isFolded } from "./consent.ts";
import { type FoldRecord, type Step, isElement } from "./fold-record.ts";
import { isBeyond } from "./sessions.ts";
import { type FoldLimits, never } from "./state.ts";

/**
 * Which records were late when they came: out of order, and not newer than what the cap had dropped by then.
 * They count nowhere, so nothing that is subtracted later can miss them. Lateness is decided in log order
 * over the records that remain, each once and for good.
 */
export function lateOf(
  records: readonly FoldRecord[],
  steps: readonly Step[],
  bits: readonly number[],
  limits: Readonly<FoldLimits>,
): Uint8Array | undefined {
  const isFormed = records.map(
    (record, i) =>
      steps[i] === "timed" &&
      hasPurpose(bits[i]!, "personalization") &&
      isElement(record.payload as InteractionEvent),
  );
  const count = isFormed.reduce((sum, formed) => sum + Number(formed), 0);
  if (count <= limits.contributionsMax) return undefined; // nothing is ever dropped
  const late = new Uint8Array(records.length);
  const borders = new Borders(limits);
  let newest = never;
  for (let i = 0; i < records.length; i++) {
    if (steps[i] !== "timed" || !isFolded(bits[i]!)) continue;
    const { at } = records[i]!.header;
    if (at < newest && at <= borders.horizon) {
      late[i] = 1;
      continue;
    }
    newest = Math.max(newest, at);
    if (isFormed[i]) borders.insert(at);
  }
  return late;
}

/** The sessions' borders alone, of all interactions that were not late, dropped sessions included. */
class Borders {
  readonly #limits: Readonly<FoldLimits>;
  /** Ascending. */
  readonly #times: number[] = [];
  /** Where sessions start in `#times`. */
  readonly #starts: number[] = [];
  /** The oldest session that the cap retains. */
  #kept = 0;

  constructor(limits: Readonly<FoldLimits>) {
    this.#limits = limits;
  }

  /** End of the newest dropped session. */
  get horizon(): number {
    return this.#kept === 0 ? never : this.#times[this.#starts[this.#kept]! - 1]!;
  }

  insert(at: number): void {
    const times = this.#times;
    let place = times.length;
    while (place > 0 && times[place - 1]! > at) place--;
    if (place === times.length) times.push(at);
    else times.splice(place, 0, at);
    // Borders up to the session that holds the place before stay as they are; later ones may all move.
    const starts = this.#starts;
    while (starts.length > 1 && starts[starts.length - 1]! >= Math.max(place, 1)) starts.pop();
    if (starts.length === 0) starts.push(0);
    for (let i = Math.max(place, 1); i < times.length; i++) this.#cut(i);
    this.#keep();
  }

  /** Starts a session at place i if it falls outside the one before. */
  #cut(i: number): void {
    const start = this.#starts[this.#starts.length - 1]!;
    const times = this.#times;
    if (isBeyond(times[start]!, times[i - 1]!, i - start, times[i]!, this.#limits)) {
      this.#starts.push(i);
    }
  }

  #keep(): void {
    const starts = this.#starts;
    let kept = starts.length - 1;
    while (kept > 0 && this.#times.length - starts[kept - 1]! <= this.#limits.contributionsMax) {
      kept--;
    }
    this.#kept = kept;
  }
}
