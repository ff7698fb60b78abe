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

  /** Loses what was not synced, but for its first `torn` bytes, in which `garble` overwrites the last one. */
  crash(torn = 0, garble?: number): void {
    const kept = this.bytes.slice(0, this.durable.length + torn);
    if (garble !== undefined && kept.length > this.durable.length) kept[kept.length - 1] = garble;
    this.bytes = kept;
    this.durable = kept.slice();
    this.gate = Promise.resolve();
  }

  flip(bit: number): void {
    const at = bit >>> 3;
    this.bytes[at] = (this.bytes[at] as number) ^ (1 << (bit & 7));
  }
}
