import { ContributionWriter, type Numbering } from "../core/fold/contribution-codec.ts";
import type { Contribution } from "../core/fold/contribution.ts";

/** What is handed over waits for more until it is this long. */
const messageBytesMax = 1 << 16;

/** How many messages one thread has taken in so far: shared with it, which counts them (`took`). */
export type Taken = Int32Array<SharedArrayBuffer>;

export function took(taken: Taken): void {
  Atomics.add(taken, 0, 1);
}

/** Whose contributions they are, with the sums that have taken them in. */
export interface Summed {
  readonly number: number;
  readonly models: { readonly items: Numbering };
}

/** The contributions of an engine on their way to threads with sums of their own, as bytes and in order. */
export class ContributionTail {
  readonly #send: (bytes: Uint8Array<ArrayBuffer>) => void;
  readonly #isWanted: (contribution: Contribution) => boolean;
  readonly #writer = new ContributionWriter();
  readonly #readers = new Set<Taken>();
  #sent = 0;

  constructor(
    send: (bytes: Uint8Array<ArrayBuffer>) => void,
    isWanted: (contribution: Contribution) => boolean = () => true,
  ) {
    this.#send = send;
    this.#isWanted = isWanted;
  }

  /** For one more thread that everything is sent to, from its beginning. */
  reader(): Taken {
    const taken = new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT));
    this.#readers.add(taken);
    return taken;
  }

  /** The thread ended: nobody is to wait for it. */
  leave(taken: Taken): void {
    this.#readers.delete(taken);
  }

  /** Messages that the slowest thread has still to take in. */
  get behind(): number {
    let most = 0;
    for (const taken of this.#readers) {
      // Both count round after 2^32 of them.
      most = Math.max(most, (this.#sent - Atomics.load(taken, 0)) | 0);
    }
    return most;
  }

  add(to: Summed, contribution: Contribution): void {
    this.#write(to, contribution, 1);
  }

  subtract(from: Summed, contribution: Contribution): void {
    this.#write(from, contribution, -1);
  }

  /** Hands over what waits: before whatever must come after it. */
  flush(): void {
    if (this.#writer.length === 0) return;
    this.#sent = (this.#sent + 1) | 0;
    this.#send(this.#writer.take());
  }

  #write({ number, models }: Summed, contribution: Contribution, sign: 1 | -1): void {
    if (!this.#isWanted(contribution)) return;
    this.#writer.add(number, models.items, contribution, sign);
    if (this.#writer.length > messageBytesMax) this.flush();
  }
}
