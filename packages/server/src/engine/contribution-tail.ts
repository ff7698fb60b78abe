import { ContributionWriter } from "../core/fold/contribution-codec.ts";
import type { Contribution } from "../core/fold/contribution.ts";

/** What is handed over waits for more until it is this long. */
const messageBytesMax = 1 << 16;

/** The contributions of an engine on their way to threads with sums of their own, as bytes and in order. */
export class ContributionTail {
  readonly #send: (bytes: Uint8Array<ArrayBuffer>) => void;
  readonly #isWanted: (contribution: Contribution) => boolean;
  readonly #writer = new ContributionWriter();

  constructor(
    send: (bytes: Uint8Array<ArrayBuffer>) => void,
    isWanted: (contribution: Contribution) => boolean = () => true,
  ) {
    this.#send = send;
    this.#isWanted = isWanted;
  }

  add(tenant: number, contributions: readonly Contribution[]): void {
    for (const contribution of contributions) this.#write(tenant, contribution, 1);
    if (this.#writer.length > messageBytesMax) this.flush();
  }

  /** In the order in which sums take C(state) back: last added, first subtracted. */
  subtract(tenant: number, contributions: readonly Contribution[]): void {
    for (let i = contributions.length - 1; i >= 0; i--) {
      this.#write(tenant, contributions[i]!, -1);
    }
    if (this.#writer.length > messageBytesMax) this.flush();
  }

  /** Hands over what waits: before whatever must come after it. */
  flush(): void {
    if (this.#writer.length > 0) this.#send(this.#writer.take());
  }

  #write(tenant: number, contribution: Contribution, sign: 1 | -1): void {
    if (this.#isWanted(contribution)) this.#writer.add(tenant, contribution, sign);
  }
}
