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

/** A disk in RAM on which nothing ever fails. */
export class RamDisk implements Disk {
  #bytes = new Uint8Array(65_536);
  #length = 0;

  size(): number {
    return this.#length;
  }

  write(bytes: Uint8Array): void {
    const end = this.#length + bytes.length;
    if (end > this.#bytes.length) {
      const grown = new Uint8Array(Math.max(end, this.#bytes.length * 2));
      grown.set(this.#bytes.subarray(0, this.#length));
      this.#bytes = grown;
    }
    this.#bytes.set(bytes, this.#length);
    this.#length = end;
  }

  sync(): Promise<void> {
    return Promise.resolve();
  }

  read(at: number, length: number): Uint8Array {
    return this.#bytes.slice(at, Math.min(at + length, this.#length));
  }

  truncate(length: number): void {
    this.#length = Math.min(length, this.#length);
  }

  replace(content: Uint8Array): Promise<void> {
    this.#bytes = content.slice();
    this.#length = content.length;
    return Promise.resolve();
  }
}
