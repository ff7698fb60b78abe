import { OldestFirst } from "../base/oldest-first.ts";
import type { LogRecord } from "../base/record.ts";
import type { Effect } from "../core/fold/apply.ts";
import type { OutboxEntry } from "./checkpoint/checkpoint.ts";

/** What the engine itself tells the world, beside the effects of fold. */
export type EngineEffect = Effect | { type: "subject.erased"; at: number };

/**
 * Effects that wait for their delivery. They are committed with the state that made them and stay until
 * they are acknowledged: at least once, always under the same id, `partition:offset:index`, which a replay
 * of the same record gives again. At `outboxMax` the oldest one goes, and `dropped` counts it.
 */
export class Outbox {
  readonly #waiting = new OldestFirst<string, OutboxEntry>();
  #added = new Map<string, OutboxEntry>();
  #removed: string[] = [];
  readonly #max: number;
  dropped = 0;
  readonly #listeners = new Set<(entry: OutboxEntry) => void>();

  constructor(outboxMax: number) {
    this.#max = outboxMax;
  }

  get size(): number {
    return this.#waiting.size;
  }

  /** Puts a stored entry back at start. */
  restore(entry: OutboxEntry): void {
    this.#waiting.set(entry.id, entry);
  }

  onEffect(listener: (entry: OutboxEntry) => void): void {
    this.#listeners.add(listener);
  }

  /** Effect number `index` of a record. */
  put(record: LogRecord, index: number, effect: EngineEffect): void {
    const { partition, offset, seq, tenant, subject } = record;
    const id = `${partition}:${offset}:${index}`;
    const entry: OutboxEntry = { id, seq, tenant, subject, body: JSON.stringify(effect) };
    this.#waiting.set(id, entry);
    this.#added.set(id, entry);
    if (this.#waiting.size > this.#max) {
      this.#gone(this.#waiting.dropOldest()!);
      this.dropped += 1;
    }
    for (const listener of this.#listeners) listener(entry);
  }

  acknowledge(id: string): void {
    if (this.#waiting.delete(id)) this.#gone(id);
  }

  #gone(id: string): void {
    if (!this.#added.delete(id)) this.#removed.push(id);
  }

  /** Drops what waits for a subject that was forgotten, but for the news that it was. */
  forget(tenant: number, subject: string): void {
    for (const entry of this.#waiting.values()) {
      if (entry.tenant !== tenant || entry.subject !== subject) continue;
      if (!entry.body.startsWith('{"type":"subject.erased"')) this.acknowledge(entry.id);
    }
  }

  /** Effects of commits after this one are all kept, unless they were acknowledged or forgotten. */
  keptAfter(): number {
    if (this.#waiting.size < this.#max) return 0;
    return this.#waiting.oldest!.seq;
  }

  /** The entry of an effect, as long as it is kept. */
  find(id: string): OutboxEntry | undefined {
    return this.#waiting.get(id);
  }

  waiting(): Iterable<OutboxEntry> {
    return this.#waiting.values();
  }

  /** What changed since the last call, for the checkpoint. */
  takeChanges(): { add: OutboxEntry[]; remove: string[] } {
    const changes = { add: [...this.#added.values()], remove: this.#removed };
    this.#added = new Map();
    this.#removed = [];
    return changes;
  }
}
