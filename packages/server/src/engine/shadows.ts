import type { Decision, InteractionEvent } from "@attune/protocol";
import type { LogRecord, RecordInput } from "../base/record.ts";
import { TokenBucket } from "../base/token-bucket.ts";
import { hasPurpose, permitFor } from "../core/fold/consent.ts";
import { rowText } from "../core/fold/ranker-rows.ts";
import { type FoldLimits, logicVersion, type UserState } from "../core/fold/state.ts";
import { rowOf } from "../core/rank/learned/row.ts";
import { findPlacement } from "../core/rank/placement.ts";
import { rankConfiguration } from "../core/rank/recommend.ts";
import { engineRecord, payloadOf } from "./payload.ts";
import type { Tenants } from "./tenants.ts";

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
    if (this.#rate.take()) this.#log(record, state, item, seed);
  }

  /** Whether the user is in the middle of something, and was given no list of late. */
  #hasActedAlone({ ring, lastAt, exposures }: UserState, at: number): boolean {
    const { sessionIdleMs } = this.#parts.limits;
    if (ring.length === 0 || at < lastAt || at - lastAt > sessionIdleMs) return false;
    const newest = exposures.at(-1);
    return newest === undefined || at - newest.at > sessionIdleMs;
  }

  #log(record: LogRecord, state: UserState, item: string, seed: number): void {
    const { tenants, seq, publicId, log } = this.#parts;
    const { tenant: number, subject, purposes, at, messageHash } = record;
    const { policy, models, catalogue, definitions, ranker } = tenants.obtain(number);
    const target = models.items.find(item);
    if (target === -1 || findPlacement(definitions, placement) === undefined) return;
    if (permitFor(state, policy, "personalization", seq()) === undefined) return;
    const request = { placement, limit, now: state.lastAt };
    const features = ranker.look(state, models, catalogue, definitions, request);
    const row = rowOf(features, target, seed);
    if (row === undefined) return;
    const decision: Decision = {
      id: publicId(number, `shadow:${messageHash}`),
      request,
      personal: true,
      statePosition: seq(),
      modelPosition: seq(),
      clockHour: tenants.clockHour,
      versions: {
        catalogue: catalogue.version,
        definitions: definitions.version,
        configuration: rankConfiguration,
        logic: logicVersion,
      },
      views: [],
      arm: "",
      sequence: state.sequence,
      slots: [],
      shadow: rowText(row),
    };
    log(
      engineRecord("decision", decision, {
        tenant: number,
        subject,
        purposes,
        at,
        id: decision.id,
      }),
    );
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
