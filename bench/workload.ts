/** The load as records: what acceptance would have appended, with payloads of about 500 bytes. */
import type { InteractionEvent } from "@attune/protocol";
import { type RecordInput, recordSchema } from "../packages/server/src/base/record.ts";
import { utf8EncodeInto } from "../packages/server/src/base/text.ts";
import { Interactions, type Load } from "./generate.ts";
import { scatter } from "./random.ts";

export const tenant = 1;
/** Analytics and personalization: the bits of the purposes that a fold looks at. */
const purposeBits = 0b11;

const devices = ["phone", "desktop", "tv"];
const filler = "a value as long as the ones that client libraries send along with every event";

export class Records {
  readonly interactions: Interactions;
  /** Bytes of payload so far. */
  bytes = 0;
  /** Payloads are cut from this, as those read from the log are cut from a commit. */
  #pool = new Uint8Array(0);
  #used = 0;

  readonly #subjectOf: (user: number) => string;

  constructor(load: Load, start?: number, subject: (user: number) => string = subjectOf) {
    this.interactions = new Interactions(load, start);
    this.#subjectOf = subject;
  }

  next(): RecordInput {
    this.interactions.next();
    const { at, user, count, load } = this.interactions;
    const payload = this.#encode(JSON.stringify(eventOf(this.interactions)));
    return {
      schema: recordSchema,
      kind: "event",
      tenant,
      subject: this.#subjectOf(user),
      identity: "verified",
      purposes: purposeBits,
      merged: false,
      source: "bench",
      at,
      receivedAt: at,
      messageHash: hex(load.seed, count),
      payload,
    };
  }

  #encode(text: string): Uint8Array {
    if (this.#pool.length - this.#used < text.length * 3) {
      this.#pool = new Uint8Array(1 << 20);
      this.#used = 0;
    }
    const start = this.#used;
    this.#used += utf8EncodeInto(text, this.#pool.subarray(start));
    this.bytes += this.#used - start;
    return this.#pool.subarray(start, this.#used);
  }

  take(count: number): RecordInput[] {
    return Array.from({ length: count }, () => this.next());
  }
}

/** The subject of a user of the load: 128 bits in hex, as the keyed hash would give. */
export function subjectOf(user: number): string {
  return hex(0x5ab1ec7, user);
}

/** About 480 bytes of JSON; a third of it is what the fold reads. */
function eventOf({ user, item, type, strength, permille, count }: Interactions): InteractionEvent {
  return {
    type,
    userId: `user-${user}`,
    item: `item-${item}`,
    strength,
    ...(permille < 0 ? {} : { permille }),
    context: { device: devices[user % devices.length] },
    properties: {
      title: `Title of item ${item}`,
      url: `https://shop.example/catalogue/items/${item}?from=list&place=${count % 40}`,
      note: filler,
      list: `list-${count % 1000}`,
      session: hex(user, count >> 10),
      position: count % 40,
      price: (item % 10_000) / 100,
      library: { name: "analytics", version: "4.2.0", locale: "en-GB" },
    },
  };
}

const digest = Buffer.alloc(16);

/** 128 bits that scatter two numbers, as 32 hex digits. */
function hex(high: number, low: number): string {
  const a = scatter(low);
  const b = scatter(a ^ high);
  const c = scatter(b + high);
  digest.writeUInt32LE(a, 0);
  digest.writeUInt32LE(b, 4);
  digest.writeUInt32LE(c, 8);
  digest.writeUInt32LE(scatter(c ^ 0x2545f491), 12);
  return digest.toString("hex");
}
