/** Fold and sum without log and engine: users in a map, one set of models, windows moved on each hour. */
import type { RecordInput } from "../packages/server/src/base/record.ts";
import { utf8Decode } from "../packages/server/src/base/text.ts";
import { apply, type FoldRecord } from "../packages/server/src/core/fold/apply.ts";
import type { Contribution } from "../packages/server/src/core/fold/contribution.ts";
import { foldLimits, type UserState } from "../packages/server/src/core/fold/state.ts";
import { Models } from "../packages/server/src/core/sum/models.ts";

const hourMs = 3_600_000;

export class Folding {
  readonly states = new Map<string, UserState>();
  readonly models = new Models();
  #hour = 0;

  /** Folds and adds one record. */
  take(record: FoldRecord): void {
    this.advance(record.header.at);
    this.models.addAll(this.apply(record));
  }

  /** The step of the fold alone; what it returns is still to be added. */
  apply(record: FoldRecord): Contribution[] {
    const { subject } = record.header;
    const applied = apply(this.states.get(subject), record, foldLimits);
    if (applied.refold) throw new Error("the load is in order of time: nothing asks for a refold");
    this.states.set(subject, applied.state);
    return applied.contributions;
  }

  advance(at: number): void {
    const hour = Math.floor(at / hourMs);
    if (hour <= this.#hour) return;
    this.#hour = hour;
    this.models.advance(hour);
  }
}

export function decoded(record: RecordInput): FoldRecord {
  const payload = JSON.parse(utf8Decode(record.payload)) as FoldRecord["payload"];
  return { header: record, payload };
}
