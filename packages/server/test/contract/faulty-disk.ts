/**
 * A disk that fails as real ones do: a crash loses or tears what was not synced, bits flip, space runs out, a
 * sync fails. Without a fault asked for it is a plain disk in RAM.
 */
import { type Disk, DiskFullError } from "../../src/log/disk.ts";

export class FaultyDisk implements Disk {
  bytes = new Uint8Array(0);
  /** What is certain to be there after a crash. */
  durable = new Uint8Array(0);
  capacity = Infinity;
  failNextSync = false;
  /** Resolves when the running sync may end; a test holds a commit open with it. */
  gate: Promise<void> = Promise.resolve();
  syncs = 0;

  size(): number {
    return this.bytes.length;
  }

  write(bytes: Uint8Array): void {
    if (this.bytes.length + bytes.length > this.capacity) throw new DiskFullError();
    const grown = new Uint8Array(this.bytes.length + bytes.length);
    grown.set(this.bytes);
    grown.set(bytes, this.bytes.length);
    this.bytes = grown;
  }

  async sync(): Promise<void> {
    this.syncs++;
    await this.gate;
    if (this.failNextSync) {
      this.failNextSync = false;
      throw new Error("EIO: i/o error, fsync");
    }
    this.durable = this.bytes.slice();
  }

  read(at: number, length: number): Uint8Array {
    return this.bytes.slice(at, at + length);
  }

  truncate(length: number): void {
    this.bytes = this.bytes.slice(0, length);
  }

  async replace(content: Uint8Array): Promise<void> {
    this.bytes = content.slice();
    await this.sync();
  }

  /**
   * The disk as the next process finds it: what was not synced is lost, but for its first `torn` bytes, of
   * which `garble` overwrites the last. The crashed process keeps its own disk: it writes no more.
   */
  afterCrash(torn = 0, garble?: number): FaultyDisk {
    const next = new FaultyDisk();
    next.bytes = this.bytes.slice(0, this.durable.length + torn);
    const hasTorn = next.bytes.length > this.durable.length;
    if (garble !== undefined && hasTorn) next.bytes[next.bytes.length - 1] = garble;
    next.durable = next.bytes.slice();
    return next;
  }

  /** The same when the crash falls into a `replace`: the old content stays. */
  afterReplaceLost(): FaultyDisk {
    const next = new FaultyDisk();
    next.bytes = this.durable.slice();
    next.durable = next.bytes.slice();
    return next;
  }

  flip(bit: number): void {
    const at = bit >>> 3;
    this.bytes[at] = (this.bytes[at] as number) ^ (1 << (bit & 7));
  }
}
