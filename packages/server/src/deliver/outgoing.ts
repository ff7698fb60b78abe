/**
 * What waits to be written to one receiver. Everything said in a tick goes out as one frame. A receiver that
 * does not keep up gets less, not later: from `socketConflateBytes` unwritten on, publications of one key
 * collapse to the newest, and at `socketQueueBytesMax` the connection ends as slow.
 */
export interface Entry {
  /** About how much it will take on the wire. */
  readonly bytes: number;
  /** Entries of one key replace each other while they wait; absent: it must be written. */
  readonly key?: string | undefined;
}

export interface OutgoingParts<E extends Entry> {
  limits: { socketConflateBytes: number; socketQueueBytesMax: number };
  /** Bytes handed to the transport that it has not passed on. */
  buffered: () => number;
  /** Hands entries to the transport as one frame; `done` is called when it has passed them on. */
  write: (entries: readonly E[], done: () => void) => void;
  /** The newer entry, for a receiver that has not got the older one. */
  collapse: (newer: E) => E;
  onSlow: () => void;
  /** Runs the work at the end of the tick. */
  atEndOfTick: (work: () => void) => void;
}

export class Outgoing<E extends Entry> {
  readonly #parts: OutgoingParts<E>;
  #queue: E[] = [];
  #bytes = 0;
  #isScheduled = false;
  #isEnded = false;
  /** Entries that were never written, since a newer one of their key was. */
  collapsed = 0;

  constructor(parts: OutgoingParts<E>) {
    this.#parts = parts;
  }

  get waitingBytes(): number {
    return this.#bytes;
  }

  push(entry: E): void {
    if (this.#isEnded) return;
    this.#queue.push(entry);
    this.#bytes += entry.bytes;
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    this.#parts.atEndOfTick(() => {
      this.#isScheduled = false;
      this.flush();
    });
  }

  /** Writes what waits, or holds it while the transport has enough. */
  flush(): void {
    if (this.#isEnded || this.#queue.length === 0) return;
    const { limits, buffered, write, onSlow } = this.#parts;
    if (buffered() < limits.socketConflateBytes) {
      const entries = this.#queue;
      this.#queue = [];
      this.#bytes = 0;
      write(entries, () => this.flush());
      return;
    }
    this.#conflate();
    if (buffered() + this.#bytes < limits.socketQueueBytesMax) return;
    this.end();
    onSlow();
  }

  /** Drops what waits and takes nothing more. */
  end(): void {
    this.#isEnded = true;
    this.#queue = [];
    this.#bytes = 0;
  }

  /** Keeps the newest of each key, at the newest's place. */
  #conflate(): void {
    const newest = new Map<string, number>();
    this.#queue.forEach(({ key }, i) => {
      if (key !== undefined) newest.set(key, i);
    });
    const counts = new Map<string, number>();
    const kept: E[] = [];
    this.#queue.forEach((entry, i) => {
      const { key } = entry;
      if (key === undefined) {
        kept.push(entry);
        return;
      }
      counts.set(key, (counts.get(key) ?? 0) + 1);
      if (newest.get(key) !== i) this.collapsed += 1;
      else kept.push(counts.get(key) === 1 ? entry : this.#parts.collapse(entry));
    });
    this.#queue = kept;
    this.#bytes = kept.reduce((sum, { bytes }) => sum + bytes, 0);
  }
}
