import type { Decision, InteractionEvent, RecommendationRequest } from "@attune/protocol";
import type { LogRecord, RecordInput } from "../base/record.ts";
import { TokenBucket } from "../base/token-bucket.ts";
import { encodeState } from "../core/fold/codec.ts";
import { hasPurpose, permitFor } from "../core/fold/consent.ts";
import { type FoldLimits, logicVersion, type UserState } from "../core/fold/state.ts";
import { findPlacement } from "../core/rank/placement.ts";
import { rankConfiguration } from "../core/rank/recommend.ts";
import { engineRecord, payloadOf } from "./payload.ts";
import { asAsked, isSameStanding, standingOf } from "./ranking/asker.ts";
import { looked } from "./ranking/looked.ts";
import type { RankThreads } from "./ranking/threads.ts";
import type { Tenants } from "./tenants.ts";
import type { Users } from "./users/users.ts";

/** The placement whose next item a user who acts without a list shows us. */
const placement = "up-next";
const limit = 20;
/** One event in so many, by the hash of its message. */
const every = 4;
/** Rows that were not made are made up for, up to those of so many seconds. */
const burstS = 60;
const taken: ReadonlySet<string> = new Set(["view", "play", "add", "purchase"]);

export interface ShadowsParts {
  tenants: Tenants;
  users: Users;
  /** Where people are looked at, if not on this thread. */
  threads: RankThreads | undefined;
  limits: Readonly<FoldLimits>;
  /** Wall clock, ms: the rate alone hangs on it. */
  now: () => number;
  seq: () => number;
  publicId: (tenant: number, id: string) => string;
  log: (record: RecordInput) => void;
  /** Rows a second at most over a minute, all tenants together. */
  perSMax: number;
}

/**
 * Decisions that nobody was shown. When a user takes something without having been given a list, what the
 * ranker would have looked at just before is logged with what was taken: a row of the ranker, which is that
 * user's own record from then on and is forgotten with the others. Which events is settled before anything is
 * logged, by hash and by rate, and what is not logged is not learned. Never during a replay.
 */
export class Shadows {
  readonly #parts: ShadowsParts;
  readonly #rate: TokenBucket;

  constructor(parts: ShadowsParts) {
    this.#parts = parts;
    const { perSMax: perS, now } = parts;
    this.#rate = new TokenBucket({ perS, burst: perS * burstS, now });
  }

  /** Looks at an event before it is folded; `state` is that of its user. */
  look(record: LogRecord, state: UserState | undefined): void {
    const seed = Number.parseInt(record.messageHash.slice(0, 8), 16);
    if (record.kind !== "event" || record.merged || seed % every !== 0) return;
    if (state === undefined || !hasPurpose(record.purposes, "personalization")) return;
    const item = takenBy(record);
    if (item === undefined || !this.#hasActedAlone(state, record.at)) return;
    if (this.#rate.take()) this.#lookAt(record, state, item, seed);
  }

  /** Whether the user is in the middle of something, and was given no list of late. */
  #hasActedAlone({ ring, lastAt, exposures }: UserState, at: number): boolean {
    const { sessionIdleMs } = this.#parts.limits;
    if (ring.length === 0 || at < lastAt || at - lastAt > sessionIdleMs) return false;
    const newest = exposures.at(-1);
    return newest === undefined || at - newest.at > sessionIdleMs;
  }

  #lookAt(record: LogRecord, state: UserState, item: string, seed: number): void {
    const { tenants, users, threads, seq } = this.#parts;
    const { tenant: number, subject } = record;
    const tenant = tenants.obtain(number);
    if (findPlacement(tenant.definitions, placement) === undefined) return;
    if (permitFor(state, tenant.policy, "personalization", seq()) === undefined) return;
    const request = { placement, limit, now: state.lastAt };
    const log = this.#decisionOf(record, state.sequence, request);
    if (threads?.hasRoom !== true || threads.takeHelp())
      return log(looked(tenant, { request, state, item, seed }));
    const standing = standingOf(tenant, users.find(number, subject));
    const told = { tenant: number, request, item, seed, state: encodeState(asAsked(state)) };
    void threads.look(told).then((row) => {
      const now = standingOf(tenant, users.find(number, subject));
      if (isSameStanding(standing, now)) log(row);
    });
  }

  /** Logs the row of a look, once there is one, as a decision of what stands now. */
  #decisionOf(
    { tenant, subject, purposes, at, messageHash }: LogRecord,
    sequence: number,
    request: RecommendationRequest,
  ): (row: string | undefined) => void {
    const { tenants, seq, publicId, log } = this.#parts;
    const { catalogue, definitions } = tenants.obtain(tenant);
    const position = seq();
    const decision: Omit<Decision, "id"> = {
      request,
      personal: true,
      statePosition: position,
      modelPosition: position,
      clockHour: tenants.clockHour,
      versions: {
        catalogue: catalogue.version,
        definitions: definitions.version,
        configuration: rankConfiguration,
        logic: logicVersion,
      },
      views: [],
      arm: "",
      sequence,
      slots: [],
    };
    return (shadow) => {
      if (shadow === undefined) return;
      const id = publicId(tenant, `shadow:${messageHash}`);
      log(
        engineRecord(
          "decision",
          { id, ...decision, shadow },
          { tenant, subject, purposes, at, id },
        ),
      );
    };
  }
}

/** The item that an event takes; undefined for other events, and for one that the fold will refuse. */
function takenBy(record: LogRecord): string | undefined {
  try {
    const { type, item } = payloadOf(record, "event") as InteractionEvent;
    return taken.has(type) ? item : undefined;
  } catch {
    return undefined;
  }
}
