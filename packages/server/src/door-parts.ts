/** What each door needs of the engine, the tenants and the disk, taken from where it is. */
import { randomUUID } from "node:crypto";
import type { UserTokens } from "./access/user-tokens.ts";
import type { Authenticate } from "./access/caller.ts";
import { type Labels, Meter } from "./base/meter.ts";
import { listOf, slices } from "./config.ts";
import {
  type AudienceCount,
  audiences,
  rewardOutcomes,
  verdicts,
} from "./core/fold/contribution.ts";
import type { Models } from "./core/sum/models.ts";
import { permitFor, purposeBits } from "./core/fold/consent.ts";
import { portableState, profileOf } from "./core/fold/profile.ts";
import { hasBorder } from "./core/rank/merchandise/rule.ts";
import type { Playlist } from "./core/fold/state.ts";
import { findPlacement } from "./core/rank/placement.ts";
import type { DeliverFigures, DeliverParts } from "./deliver/door.ts";
import { engineRecord } from "./engine/payload.ts";
import { acceptAll, conclude } from "./ingest/accept.ts";
import type { DeadLetters } from "./ingest/dead-letters/store.ts";
import { readBody } from "./ingest/dialect/segment.ts";
import { answerOf } from "./ingest/http/answer.ts";
import type { IngestParts } from "./ingest/parts.ts";
import { subjectOf } from "./ingest/subject.ts";
import type { Attune } from "./main.ts";
import { publicIds } from "./public-id.ts";
import type { ServeParts } from "./serve/door.ts";
import { CodedError, type PlaylistContent, type PlaylistEvent, product } from "@attune/protocol";
import { writeDoor } from "./write-door.ts";

export interface DoorContext {
  attune: Attune;
  tokens: UserTokens;
  authenticate: Authenticate;
  deadLetters: DeadLetters;
  meter: Meter;
  now: () => number;
}

/** Counts what became of events, and how long their batches took. */
export function ingestObserver(meter: Meter): NonNullable<IngestParts["observe"]> {
  const events = meter.counter("attune_events_total", "Events, by what became of them.");
  const took = meter.latency("attune_ingest_seconds", "From a batch's arrival to its answer.");
  return ({ status, accepted, duplicates, dropped, ms }) => {
    took(ms, { status: String(status) });
    if (accepted > 0) events(accepted, { verdict: "accepted" });
    if (duplicates > 0) events(duplicates, { verdict: "duplicate" });
    if (dropped > 0) events(dropped, { verdict: "drop" });
  };
}

export function deliverParts(context: DoorContext): DeliverParts {
  const { attune, tokens, meter, now } = context;
  const { engine, tenants } = attune;
  const pushed = meter.latency("attune_push_seconds", "From an event's commit to its push.");
  const keyOf = new Map(tenants.map(({ number, key }) => [number, key]));
  return {
    engine,
    verify: (token) => tokens.verify(token),
    subjectOf: (tenant, userId) => subjectOf(keyOf.get(tenant)!, "user", userId),
    itemOf: (tenant, item) => engine.tenant(tenant).catalogue.get(item)?.attributes,
    takedownsOf: (tenant) => engine.tenant(tenant).definitions.takedowns,
    hasBorder: (tenant, after, through) =>
      hasBorder(engine.tenant(tenant).definitions.rules, after, through),
    publicId: publicIds(tenants),
    track: tracker(context),
    onPushed: (ms) => pushed(ms),
    now,
    version: `${product.command} ${product.version}`,
    origins: listOf(attune.config.origins),
  };
}

/** Events of a person over that person's own socket: the token proved who it is, whatever they say. */
function tracker({ attune, now }: DoorContext): DeliverParts["track"] {
  const { engine, config, tenants } = attune;
  const limits = slices(config).ingest;
  return async ({ tenant: number, userId }, batch) => {
    const tenant = tenants.find((one) => one.number === number)!;
    const door = writeDoor(attune, tenant, "live", "live");
    const { parsed } = readBody(JSON.stringify({ batch }), "batch", limits);
    for (const entry of parsed) if ("event" in entry) entry.event.userId = userId;
    const accepted = acceptAll(parsed, door, now());
    const appended = await engine.append(accepted.flatMap(({ records }) => records));
    return answerOf(conclude(accepted, appended), appended.position, new Map());
  };
}

export function serveParts({
  attune,
  authenticate,
  meter,
  now,
  deadLetters,
}: DoorContext): ServeParts {
  const { engine, tenants } = attune;
  const keyOf = new Map(tenants.map(({ number, key }) => [number, key]));
  const took = meter.latency("attune_answer_seconds", "Time to make an answer, by placement.");
  return {
    authenticate,
    origins: listOf(attune.config.origins),
    now,
    subjectOf: (tenant, { userId, anonymousId }) => {
      const key = keyOf.get(tenant)!;
      if (userId !== undefined) return subjectOf(key, "user", userId);
      return anonymousId === undefined ? undefined : subjectOf(key, "anonymous", anonymousId);
    },
    recommend: (tenant, subject, request, given) =>
      engine.recommend(tenant, subject, request, given),
    answer: (tenant, subject, request, given) => engine.answer(tenant, subject, request, given),
    hasPlaylist: (tenant, subject, id) =>
      subject !== undefined && engine.state(tenant, subject)?.playlists.has(id) === true,
    ...playlistParts(attune, now),
    itemOf: (tenant, item) => engine.tenant(tenant).catalogue.get(item)?.attributes,
    observe: (placement, ms) => took(ms, { placement }),
    profile: async (tenant, subject) => {
      // What was acknowledged is in it: a refold may still be under way.
      do await engine.whole();
      while (!engine.isWhole);
      const state = engine.state(tenant, subject);
      if (state === undefined) return undefined;
      const permit = permitFor(state, engine.tenant(tenant).policy, "personalization", engine.seq);
      const profile = permit === undefined ? undefined : profileOf(permit, state);
      return { profile, state: portableState(state) };
    },
    choose: chooser(attune, now),
    forget: async (tenant, subject, time, reason) => {
      const receipt = await attune.forget(tenant, subject, time, reason);
      deadLetters.forget(tenant, receipt.subjects);
      return receipt;
    },
    messages: (tenant, from, signal) => engine.follow(tenant, from, signal),
  };
}

/** A choice takes the way of every event: same subject, same log, and nothing of it counts before it is durable. */
function chooser(attune: Attune, now: () => number): ServeParts["choose"] {
  return async (number, userId, consent) => {
    const tenant = attune.tenants.find((one) => one.number === number)!;
    const door = writeDoor(attune, tenant, "rights", "live");
    const rest = { name: "", properties: {}, traits: {}, context: {} };
    const [accepted] = acceptAll(
      [{ event: { call: "consent", userId, consent, ...rest } }],
      door,
      now(),
    );
    const { verdict, records } = accepted!;
    if (verdict.result === "drop")
      throw new CodedError(verdict.code ?? "event_invalid", verdict.detail ?? "It cannot be kept.");
    return (await attune.engine.append(records)).position;
  };
}

function playlistParts(
  { engine }: Attune,
  now: () => number,
): Pick<ServeParts, "playlists" | "keepPlaylist" | "hasPlacement" | "isTakenDown"> {
  return {
    playlists: async (tenant, subject) => {
      do await engine.whole();
      while (!engine.isWhole);
      const playlists = engine.state(tenant, subject)?.playlists ?? new Map<string, Playlist>();
      return new Map([...playlists].map(([id, playlist]) => [id, contentOf(playlist)]));
    },
    keepPlaylist: async (tenant, { userId, subject }, playlist, content) => {
      const {
        subject: resolved,
        policy,
        consents,
        barredThrough,
      } = engine.standing(tenant, subject);
      const event: PlaylistEvent = { type: "playlist", userId, playlist, content };
      const record = engineRecord("event", event, {
        tenant,
        subject: resolved,
        purposes: purposeBits(policy, consents),
        // Who was forgotten in this very millisecond starts behind it.
        at: Math.max(now(), barredThrough + 1),
        id: randomUUID(),
      });
      const { position } = await engine.append([{ ...record, source: "playlists" }]);
      await engine.whole(position);
      return position;
    },
    hasPlacement: (tenant, name) =>
      findPlacement(engine.tenant(tenant).definitions, name) !== undefined,
    isTakenDown: (tenant, item) =>
      Object.hasOwn(engine.tenant(tenant).definitions.takedowns ?? {}, item),
  };
}

function contentOf({ title, tracks, evolving }: Playlist): PlaylistContent {
  return { title, tracks, ...(evolving === undefined ? {} : { evolving }) };
}

/** What the live channel says of itself. */
export function meterLive(meter: Meter, figures: () => DeliverFigures): void {
  meter.gauge("attune_live_sockets", "Open WebSockets.", () => figures().sockets);
  meter.gauge("attune_live_sse_streams", "Open SSE streams.", () => figures().sseStreams);
  meter.gauge("attune_live_queries", "Lists kept up to date.", () => figures().liveQueries);
  meter.gauge("attune_live_refreshes_total", "Lists made again.", () => figures().refreshes);
  meter.gauge(
    "attune_live_pushes_total",
    "Lists that changed and were pushed.",
    () => figures().pushes,
  );
  meter.gauge("attune_live_slow_total", "Connections closed as slow.", () => figures().slow);
}

export function meterOf({ engine, log, tenants }: Attune, now: () => number): Meter {
  const meter = new Meter();
  meter.gauge("attune_log_head", "Newest durable commit.", () => log.head());
  meter.gauge(
    "attune_fold_lag_commits",
    "Durable commits not folded yet.",
    () => log.head() - engine.seq,
  );
  meter.gauge("attune_log_queue_bytes", "Bytes on their way to the disk.", () =>
    log.backlogBytes(),
  );
  meter.gauge("attune_ranker_tenants", "Tenants whose answers have a learned order.", () => {
    return engine.tenants().filter(({ theta }) => theta?.isEmpty === false).length;
  });
  meter.gauge("attune_rank_threads", "Ranking threads that answer.", () => engine.ranking.running);
  meter.gauge(
    "attune_rank_waiting",
    "Questions that wait for a ranking thread.",
    () => engine.ranking.waiting,
  );
  meter.gauge("attune_outbox_entries", "Effects that wait for delivery.", () => engine.outbox.size);
  meter.gauge(
    "attune_decisions_lost_total",
    "Decisions that found no space.",
    () => engine.decisionsLost,
  );
  meter.gauge("process_cpu_seconds_total", "Processor time of all threads.", () => {
    const { user, system } = process.cpuUsage();
    return (user + system) / 1e6;
  });
  meter.gauge("process_resident_memory_bytes", "Memory of the process.", () =>
    process.memoryUsage.rss(),
  );
  const audienceGauge = (name: string, help: string, counts: readonly AudienceCount[]): void =>
    meter.gauges(name, help, () =>
      tenants.flatMap((tenant) =>
        audienceFigures(engine.tenant(tenant.number).models, tenant.name, counts, now()),
      ),
    );
  audienceGauge(
    "attune_placement_outcomes",
    "Slots seen in the last seven days, and what came of them, by audience.",
    rewardOutcomes,
  );
  audienceGauge(
    "attune_placement_judged",
    "Answers of the last seven days, by the list that held what was taken next.",
    verdicts,
  );
  return meter;
}

/** Few: placements times audiences, whatever the items. */
function audienceFigures(
  { audiences: sum }: Models,
  tenant: string,
  counts: readonly AudienceCount[],
  now: number,
): [Labels, number][] {
  const today = Math.floor(now / 86_400_000);
  return sum
    .placements()
    .flatMap((placement) =>
      audiences.flatMap((audience) =>
        counts.map((count): [Labels, number] => [
          { tenant, placement, audience, count },
          sum.count(placement, audience, count, today - 6, today),
        ]),
      ),
    );
}
