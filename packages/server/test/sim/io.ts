/**
 * The outside of a simulated machine. Every input or output waits in one queue until the simulator lets it
 * happen; the power can go at any of them, before or after it took effect, and from then on nothing happens.
 */
import type { Prng } from "../../src/base/prng.ts";
import { type CheckpointContents, MemoryCheckpoint } from "../../src/engine/checkpoint/memory.ts";
import type { CheckpointChange } from "../../src/engine/checkpoint/checkpoint.ts";
import { type Disk, DiskFullError } from "../../src/log/disk.ts";

interface Waiting {
  name: string;
  effect: () => void;
  canFail: boolean;
  resolve: () => void;
  reject: (error: Error) => void;
}

export class Io {
  /** The power is gone: nothing that was asked for will be answered. */
  isDown = false;
  /** The power goes at the n-th I/O from now; negative: it stays. */
  crashIn = -1;
  /** The n-th sync from now fails; negative: none. */
  failIn = -1;
  readonly #prng: Prng;
  #waiting: Waiting[] = [];

  constructor(prng: Prng) {
    this.#prng = prng;
  }

  get size(): number {
    return this.#waiting.length;
  }

  ask(name: string, effect: () => void, canFail = false): Promise<void> {
    if (this.isDown) return new Promise(() => undefined);
    return new Promise((resolve, reject) => {
      this.#waiting.push({ name, effect, canFail, resolve, reject });
    });
  }

  /** Lets one of the waiting I/Os happen; undefined when none waits. */
  step(): string | undefined {
    if (this.#waiting.length === 0) return undefined;
    const [one] = this.#waiting.splice(this.#prng.below(this.#waiting.length), 1);
    const { name, effect, canFail, resolve, reject } = one!;
    if (this.crashIn-- === 0) {
      const isDone = this.#prng.chance(0.5);
      if (isDone) effect();
      this.powerOff();
      return `power off ${isDone ? "after" : "before"} ${name}`;
    }
    if (canFail && this.failIn-- === 0) {
      reject(new Error("EIO: i/o error, fsync"));
      return `${name} fails`;
    }
    effect();
    resolve();
    return name;
  }

  powerOff(): void {
    this.isDown = true;
    this.#waiting = [];
  }
}

type Unsynced = { write: Uint8Array } | { truncate: number };

export interface DiskFaults {
  /** Planted: a sync that is answered before anything is durable. */
  liesAboutSync?: boolean | undefined;
}

/** A file whose unsynced end is lost or torn when the power goes. */
export class SimDisk implements Disk {
  capacity = Infinity;
  readonly #io: Io;
  readonly #name: string;
  readonly #faults: DiskFaults;
  #durable: Uint8Array;
  #bytes: Uint8Array;
  #unsynced: Unsynced[] = [];

  constructor(io: Io, name: string, content: Uint8Array, faults: DiskFaults = {}) {
    this.#io = io;
    this.#name = name;
    this.#faults = faults;
    this.#durable = content;
    this.#bytes = content;
  }

  size(): number {
    return this.#bytes.length;
  }

  write(bytes: Uint8Array): void {
    if (this.#bytes.length + bytes.length > this.capacity) throw new DiskFullError();
    const write = bytes.slice();
    this.#unsynced.push({ write });
    this.#bytes = changed(this.#bytes, { write });
  }

  sync(): Promise<void> {
    if (this.#faults.liesAboutSync === true) return Promise.resolve();
    const count = this.#unsynced.length;
    return this.#io.ask(
      `sync ${this.#name}`,
      () => {
        for (const one of this.#unsynced.splice(0, count)) {
          this.#durable = changed(this.#durable, one);
        }
      },
      true,
    );
  }

  read(at: number, length: number): Uint8Array {
    return this.#bytes.slice(at, at + length);
  }

  truncate(length: number): void {
    this.#unsynced.push({ truncate: length });
    this.#bytes = this.#bytes.slice(0, length);
  }

  replace(content: Uint8Array): Promise<void> {
    const whole = content.slice();
    return this.#io.ask(`replace ${this.#name}`, () => {
      this.#bytes = whole;
      this.#durable = whole;
      this.#unsynced = [];
    });
  }

  /** All that is on it, for a search. */
  content(): Uint8Array {
    return this.#bytes;
  }

  /** What the next start finds: some first part of what was not synced, the last write of it perhaps torn. */
  afterCrash(prng: Prng): Uint8Array {
    let content = this.#durable;
    const kept = this.#unsynced.slice(0, prng.between(0, this.#unsynced.length));
    for (const one of kept) content = changed(content, one);
    const last = kept.at(-1);
    if (last === undefined || "truncate" in last || prng.chance(0.3)) return content;
    const torn = content.slice(0, content.length - prng.below(last.write.length + 1));
    const end = torn.length - (content.length - last.write.length);
    if (end > 0 && prng.chance(0.3)) torn[torn.length - 1 - prng.below(end)]! ^= 0x55;
    return torn;
  }
}

function changed(content: Uint8Array, change: Unsynced): Uint8Array {
  if ("truncate" in change) return content.slice(0, change.truncate);
  const grown = new Uint8Array(content.length + change.write.length);
  grown.set(content);
  grown.set(change.write, content.length);
  return grown;
}

export interface CheckpointFaults {
  /** Planted: what is done to a change before it is stored. */
  spoil?: ((change: CheckpointChange) => CheckpointChange) | undefined;
  /** Planted: the offset is stored before the rows. */
  marksFirst?: boolean | undefined;
}

/** The checkpoint of a simulated machine: a commit takes effect whole or not at all, at a time of its own. */
export class SimCheckpoint extends MemoryCheckpoint {
  readonly #io: Io;
  readonly #faults: CheckpointFaults;

  constructor(io: Io, contents: CheckpointContents, faults: CheckpointFaults = {}) {
    super(contents, () => io.ask("checkpoint commit", () => undefined));
    this.#io = io;
    this.#faults = faults;
  }

  override async commit(change: CheckpointChange): Promise<void> {
    if (this.#faults.marksFirst === true) {
      await this.#io.ask("checkpoint mark", () => (this.contents.mark = { ...change.mark }));
    }
    await super.commit(this.#faults.spoil?.(change) ?? change);
    await this.#io.ask("checkpoint reply", () => undefined);
  }
}
