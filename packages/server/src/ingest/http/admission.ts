/**
 * Who may write now. A full queue refuses everybody before the body is even read; a bucket refuses one key, one
 * address or one person. A refusal is a CodedError `rate_limited` with the seconds to wait, and nothing of the
 * batch was kept: there is no second lane, which would put a person's events out of order.
 */
import { CodedError } from "@attune/protocol";
import { Buckets } from "../../access/buckets.ts";
import type { Credential } from "../../access/keys.ts";
import { RetryAfter } from "../../access/retry-after.ts";
import { Slices } from "./slices.ts";
import { WaitingRoom } from "./waiting-room.ts";
import type { Accepted } from "../accept.ts";

export interface AdmissionLimits {
  /** Bytes on their way to the disk or in requests under way. */
  ingestQueueBytesMax: number;
  ingestRequestsMax: number;
  /** How long a request that finds no room is held before it is refused. */
  refusalDelayMs: number;
  /** Of a key of a tenant's own machines. */
  keyEventsPerS: number;
  keyEventsBurst: number;
  /** Of one person by way of a public key. */
  userEventsPerS: number;
  userEventsBurst: number;
  /** Of one address by way of a public key; many people may share one. */
  addressEventsPerS: number;
  addressEventsBurst: number;
}

export interface AdmissionParts {
  limits: AdmissionLimits;
  backlogBytes(): number;
  now(): number;
  /** 0 <= x < 1. */
  chance(): number;
}

/** A refusal that says when to come back. */
export class OverloadError extends CodedError {
  readonly retryAfterS: number;
  constructor(message: string, retryAfterS: number) {
    super("rate_limited", message);
    this.retryAfterS = retryAfterS;
  }
}

/** While the queue is overloaded somebody is refused all the time. */
const calmMs = 10_000;

/**
 * Bodies that arrive while all places are taken, of requests that were let in when they were not: so many times the
 * places, and no more bytes than at any time.
 */
const overdraft = 2;

/** Time of a turn of the event loop that goes to bodies: answers and what is pushed wait for no more than that. */
const sliceMs = 5;

/** Some 20 MB when all are in use. */
const bucketsMax = 100_000;

export class Admission {
  readonly #parts: AdmissionParts;
  readonly #keys: Buckets;
  readonly #users: Buckets;
  readonly #addresses: Buckets;
  readonly #retryAfter: RetryAfter;
  readonly #slices = new Slices(sliceMs);
  readonly #waiting: WaitingRoom;
  #requests = 0;
  #bytes = 0;

  constructor(parts: AdmissionParts) {
    this.#parts = parts;
    const { limits, now, chance } = parts;
    const bucketsOf = (perS: number, burst: number) =>
      new Buckets({ perS, burst, bucketsMax, now });
    this.#keys = bucketsOf(limits.keyEventsPerS, limits.keyEventsBurst);
    this.#users = bucketsOf(limits.userEventsPerS, limits.userEventsBurst);
    this.#addresses = bucketsOf(limits.addressEventsPerS, limits.addressEventsBurst);
    this.#retryAfter = new RetryAfter({ now, chance, namesMax: 10_000 });
    this.#waiting = new WaitingRoom({
      hasRoom: (bytes, coming) => this.#hasRoom(bytes, limits.ingestRequestsMax - coming),
      waitMsMax: limits.refusalDelayMs,
      now,
    });
  }

  /** Lets a request wait for a place for `refusalDelayMs` or somewhat longer, and throws if it got none. */
  async waitForRoom(bytes: number): Promise<void> {
    const isFree =
      this.#waiting.isEmpty && this.#hasRoom(bytes, this.#parts.limits.ingestRequestsMax);
    if (!isFree && !(await this.#waiting.wait(bytes))) this.#refuseForRoom();
  }

  #hasRoom(bytes: number, requestsMax: number): boolean {
    const { ingestQueueBytesMax } = this.#parts.limits;
    const queued = this.#bytes + this.#parts.backlogBytes();
    // A queue with nothing in it takes any body, or a small limit would refuse a large one for ever.
    const isFull = queued > 0 && queued + bytes > ingestQueueBytesMax;
    return !isFull && this.#requests < requestsMax;
  }

  #refuseForRoom(): never {
    throw new OverloadError(
      "The queue for writing is full.",
      this.#retryAfter.next("queue", calmMs),
    );
  }

  /**
   * Does the work in a place of the queue, or throws when there is none. A place is for requests whose body has
   * arrived: slow senders who held places while they send could keep everybody else out.
   */
  async inside<T>(bytes: number, work: () => Promise<T>): Promise<T> {
    if (!this.#hasRoom(bytes, overdraft * this.#parts.limits.ingestRequestsMax))
      this.#refuseForRoom();
    this.#requests += 1;
    this.#bytes += bytes;
    try {
      await this.#slices.enter();
      return await work();
    } finally {
      this.#requests -= 1;
      this.#bytes -= bytes;
    }
  }

  /** Before anything of a stranger's body is read: an address that used up its events is told to wait. */
  assertAddress(address: string): void {
    if (!this.#addresses.has(address, 1)) this.#refuse(`address ${address}`, "address");
  }

  /** Takes the events out of all buckets that bind this key, or out of none and throws. */
  take(credential: Credential, address: string, accepted: readonly Accepted[]): void {
    const count = accepted.length;
    const { keyId, kind, tenant } = credential;
    // The bucket of a tenant's own machines is their tenant's; each public key has one of its own.
    const key = kind === "public" ? keyId : `tenant ${tenant}`;
    if (!this.#keys.has(key, count)) this.#refuse(`key ${key}`, "key");
    if (kind === "public") this.#takeStrangers(keyId, address, accepted);
    this.#keys.take(key, count);
  }

  #takeStrangers(keyId: string, address: string, accepted: readonly Accepted[]): void {
    const users = new Map<string, number>();
    for (const { records } of accepted) {
      // The subject under which it is stored: a limit on any other id would never meet the hot partition.
      const subject = records[0]?.subject;
      if (subject !== undefined) users.set(subject, (users.get(subject) ?? 0) + 1);
    }
    if (!this.#addresses.has(address, accepted.length)) {
      this.#refuse(`address ${address}`, "address");
    }
    for (const [subject, count] of users) {
      if (!this.#users.has(`${keyId} ${subject}`, count)) {
        this.#refuse(`user ${keyId} ${subject}`, "user");
      }
    }
    this.#addresses.take(address, accepted.length);
    for (const [subject, count] of users) this.#users.take(`${keyId} ${subject}`, count);
  }

  #refuse(name: string, what: string): never {
    const message = `This ${what} has sent more events than its limit (${what}EventsPerS) allows.`;
    throw new OverloadError(message, this.#retryAfter.next(name));
  }
}
