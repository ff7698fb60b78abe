/**
 * The door outwards: the hub, the live queries and both transports, put together on one Fastify app. It runs until
 * the app closes; then everybody is sent away, spread over `drainMs`, and comes back elsewhere.
 */
import { randomBytes } from "node:crypto";
import type { FastifyInstance } from "fastify";
import { originRule } from "../access/origins.ts";
import { Channels, type Person } from "./channels.ts";
import { HubMemory } from "./hub-memory.ts";
import { type DeliverLimits, deliverLimits } from "./limits.ts";
import { type LiveEngine, LiveQueries, type Takedowns } from "./live.ts";
import { Push } from "./push.ts";
import { Sse } from "./sse.ts";
import type { VerifyToken } from "./tokens.ts";

/** What main hands in. */
export interface DeliverParts {
  engine: LiveEngine;
  verify: VerifyToken;
  /** Subject of a user id of the tenant. */
  subjectOf: (tenant: number, userId: string) => string;
  /** Attributes of an item in the tenant's catalogue. */
  itemOf: (tenant: number, item: string) => unknown;
  /** Items that may not be shown to anybody, by id. */
  takedownsOf: (tenant: number) => Takedowns | undefined;
  /** Whether a rule or licence of the tenant begins or ends behind `after` and up to `through`, ms. */
  hasBorder: (tenant: number, after: number, through: number) => boolean;
  /** The id under which an effect is known outside: keyed, so that it tells no log position. */
  publicId: (tenant: number, id: string) => string;
  /** Takes a batch of events of this person in, as the write door does; resolves with its answer. */
  track: (person: Person, batch: unknown) => Promise<unknown>;
  /** Wall clock, ms since 1970. */
  now: () => number;
  version: string;
  /** Origins of browser pages that may connect beside the server's own; "*" allows all. */
  origins?: readonly string[] | undefined;
  /** Name of the cookie that may carry a user token on SSE. */
  cookie?: string | undefined;
  limits?: Partial<DeliverLimits> | undefined;
  /** A number from 0 to 1, exclusive; spreads those who leave and come back. */
  random?: (() => number) | undefined;
  /** Milliseconds from an event's arrival to the frame that tells of its person's new lists. */
  onPushed?: ((ms: number) => void) | undefined;
  /**
   * Told of the same in the turn of the commit, with how long the person's lists took; what it returns is called
   * when the frames are written.
   */
  onListed?:
    | ((person: { tenant: number; subject: string }, tookMs: number) => (() => void) | undefined)
    | undefined;
  onFault?: ((error: unknown) => void) | undefined;
}

/** Figures for an operator. */
export interface DeliverFigures {
  sockets: number;
  sseStreams: number;
  channels: number;
  liveQueries: number;
  /** Lists made again, and those that were another than before. */
  refreshes: number;
  pushes: number;
  /** Connections closed as slow. */
  slow: number;
}

/** How often a turn of live queries is taken. */
const turnMs = 20;

export function deliverDoor(
  app: FastifyInstance,
  parts: DeliverParts,
): { figures(): DeliverFigures } {
  const limits = { ...deliverLimits, ...parts.limits };
  const { engine, verify, now, track, version, subjectOf, publicId } = parts;
  const { itemOf, takedownsOf, hasBorder } = parts;
  const onFault = parts.onFault ?? ((error) => app.log.error({ err: error }, "live channel"));
  const random = parts.random ?? Math.random;
  const newId = (): string => randomBytes(12).toString("base64url");
  const hub = new HubMemory({ ...limits, now, newEpoch: newId });
  const elapsed = (): number => performance.now();
  const live = new LiveQueries({
    engine,
    hub,
    limits,
    now,
    elapsed,
    itemOf,
    takedownsOf,
    hasBorder,
    onChanged: (query) => channels.changed(query),
    onPushed: ({ tenant, subject, ms, tookMs }) => {
      const at = elapsed();
      const written = parts.onListed?.({ tenant, subject }, tookMs);
      atEndOfTick(() => {
        parts.onPushed?.(ms + elapsed() - at);
        written?.();
      });
    },
    onFailed: onFault,
  });
  const channels = new Channels({ engine, hub, live, limits, now, subjectOf, publicId });
  const isOriginAllowed = originRule(parts.origins ?? []);
  const common = { channels, hub, limits, verify, now, random, onFault, atEndOfTick };
  const shared = { ...common, isOriginAllowed };
  const push = new Push({ ...shared, track, version, newId });
  const sse = new Sse({ ...shared, cookie: parts.cookie ?? "attune_token" });
  sse.routes(app);
  push.attach(app.server);

  const turns = setInterval(() => live.turn(), turnMs);
  const ticks = setInterval(() => {
    push.tick();
    sse.tick();
    hub.sweep();
    live.sweep();
  }, limits.tickMs);
  turns.unref();
  ticks.unref();
  app.addHook("preClose", async () => {
    await Promise.all([push.drain(), sse.drain()]);
    clearInterval(turns);
    clearInterval(ticks);
  });
  const figures = (): DeliverFigures => ({
    sockets: push.size,
    sseStreams: sse.size,
    channels: hub.channels,
    liveQueries: live.size,
    refreshes: live.refreshes,
    pushes: live.pushes,
    slow: push.slow,
  });
  return { figures };
}

/** Work of this tick, run behind everything that the tick still does: one frame a socket, not one a message. */
const due: (() => void)[] = [];

function atEndOfTick(work: () => void): void {
  if (due.length === 0) setImmediate(runDue);
  due.push(work);
}

function runDue(): void {
  for (const work of due.splice(0)) work();
}
