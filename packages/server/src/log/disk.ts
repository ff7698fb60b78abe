/**
 * The disk under the memory log: an append-only file as a simulator can fake it. What was written is certain
 * only after `sync`; a crash may lose or tear the rest.
 */
export interface Disk {
  size(): number;
  /** Appends. Throws DiskFullError when there is no space, and then nothing was appended. */
  write(bytes: Uint8Array): void;
  /** Makes all that was written durable. A rejection means that nobody knows what is. */
  sync(): Promise<void>;
  /** A copy or a view; the caller does not change it. */
  read(at: number, length: number): Uint8Array;
  /** Cuts the end off. */
  truncate(length: number): void;
  /** Puts new content in place of all, durable when it resolves; a crash leaves the old or the new. */
  replace(content: Uint8Array): Promise<void>;
}

export class DiskFullError extends Error {
  constructor() {
    super("no space left on the disk");
    this.name = "DiskFullError";
  }
}

/** A disk in RAM on which nothing ever fails. One chunk a write: growing one buffer copied all, again and again. */
export class RamDisk implements Disk {
  #chunks: Uint8Array[] = [];
  /** Where each chunk starts. */
  #starts: number[] = [];
  #length = 0;

  size(): number {
    return this.#length;
  }

  write(bytes: Uint8Array): void {
    this.#starts.push(this.#length);
    this.#chunks.push(bytes.slice());
    this.#length += bytes.length;
  }

  sync(): Promise<void> {
    return Promise.resolve();
  }

  read(at: number, length: number): Uint8Array {
    const bytes = new Uint8Array(Math.max(0, Math.min(length, this.#length - at)));
    let filled = 0;
    for (let i = this.#chunkAt(at); filled < bytes.length; i++) {
      const from = at + filled - (this.#starts[i] as number);
      const part = (this.#chunks[i] as Uint8Array).subarray(from, from + bytes.length - filled);
      bytes.set(part, filled);
      filled += part.length;
    }
    return bytes;
  }

  truncate(length: number): void {
    const kept = this.read(0, length);
    [this.#chunks, this.#starts, this.#length] = [[kept], [0], kept.length];
  }

  replace(content: Uint8Array): Promise<void> {
    [this.#chunks, this.#starts, this.#length] = [[content.slice()], [0], content.length];
    return Promise.resolve();
  }

  #chunkAt(at: number): number {
    let [low, high] = [0, this.#starts.length - 1];
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if ((this.#starts[middle] as number) <= at) low = middle;
      else high = middle - 1;
    }
    return low;
  }
}
