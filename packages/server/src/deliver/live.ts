/**
 * Live queries: the list of a placement for one person, kept true while somebody looks at it. The person's own
 * event changes it in the turn in which the event was folded; other people's events count within
 * `liveRefreshMs`, as far as the time budget of a turn goes; an item that was taken down leaves all lists in the
 * turn in which that was folded. Every list goes through the engine's preview and so
 * through the person's permit: without one it is the list of a stranger.
 */
import { createHash } from "node:crypto";
import type {
  Context,
  LiveItem,
  LiveList,
  RecommendationRequest,
  RecommendedItem,
} from "@attune/protocol";
import { Refusal, refusals } from "./codes.ts";
import type { Hub } from "./hub.ts";
import {
  diff,
  endedPins,
  isChanged,
  lacks,
  liveItem,
  names,
  pinnedOnly,
  stable,
  unnamed,
} from "./live-list.ts";

/** What a slot showed, for the decision: pinned items make it another list than the ranker's own. */
export type ShownSlot = Pick<RecommendedItem, "item">;

export interface Preview {
  items: readonly RecommendedItem[];
  /** False when no permit stood behind it. */
  personal: boolean;
  /** False where something else than the score decided who stands before whom. */
  isByScore: boolean;
  stability: { keepOnScreen: boolean; gainPermille: number };
  /** What keys the draws of chance in it. */
  sequence: number;
  /** Logs that this is shown, appended but not awaited, and returns the decision's id. */
  decide(shown?: readonly ShownSlot[]): string;
}

export interface FoldedRecord {
  kind: string;
  tenant: number;
  subject: string;
  /** When it was accepted, ms since 1970. */
  receivedAt: number;
}

/** What deliver needs of the engine, handed in by main. */
export interface LiveEngine {
  /** Calls back in the turn in which a commit was folded whole, with the people it changed. */
  onFolded(
    listener: (
      users: readonly { tenant: number; subject: string }[],
      commit: { records: readonly FoldedRecord[] },
    ) => void,
  ): void;
  /** Calls back with every effect, `body` as JSON; `subject.erased` is one of them. */
  onEffect(
    listener: (effect: { id: string; tenant: number; subject: string; body: string }) => void,
  ): void;
  /** False while a commit is half folded: then `whole` says when it is not. */
  readonly isWhole: boolean;
  whole(after?: string | undefined): Promise<void>;
  preview(tenant: number, subject: string | undefined, request: RecommendationRequest): Preview;
  /** Follows the alias of a merged subject. */
  resolve(tenant: number, subject: string): string;
  position(): string;
}

export interface LiveParts {
  engine: LiveEngine;
  hub: Hub;
  limits: { liveQueriesPerUserMax: number; liveRefreshMs: number; liveRefreshBudgetMs: number };
  /** Wall clock, ms since 1970. */
  now: () => number;
  /** For measuring the time of a turn, ms. */
  elapsed: () => number;
  /** Attributes of an item in the tenant's catalogue. */
  itemOf: (tenant: number, item: string) => unknown;
  /** Items that may not be shown to anybody, by id; another value once it is other items. */
  takedownsOf: (tenant: number) => Takedowns | undefined;
  /** Whether a rule or a licence begins or ends behind `after` and up to `through`, ms: then lists are others without any record. */
  hasBorder: (tenant: number, after: number, through: number) => boolean;
  /** Told of each list that replaced another. */
  onChanged?: ((query: LiveQuery) => void) | undefined;
  /** Told of lists that a person's own events changed, once a person and commit. */
  onPushed?: ((pushed: Pushed) => void) | undefined;
  /** Told why a list could not be made again: its placement is gone, or a fault of ours. */
  onFailed?: ((error: unknown) => void) | undefined;
}

export type Takedowns = Readonly<Record<string, unknown>>;

export interface Pushed {
  tenant: number;
  subject: string;
  /** How long ago the newest of the events came in, ms. */
  ms: number;
  /** How long it took to make the person's lists again, ms. */
  tookMs: number;
}

export interface LiveAsk {
  tenant: number;
  subject: string;
  placement: string;
  limit: number;
  context: Context;
  /** What the list is about, as in a request: items, or a playlist of the person. */
  items?: readonly string[] | undefined;
  playlist?: string | undefined;
}

/** Whoever looks at a list: a connection. */
export type Holder = object;

export interface LiveQuery {
  readonly ask: LiveAsk;
  /** Channel of the hub that carries its diffs. */
  readonly channel: string;
  /** What was sent last: every diff starts from here, and newcomers get it. */
  list: LiveList;
  /** Who looks, and what they have on screen. */
  readonly holders: Map<Holder, readonly string[]>;
  refreshedAt: number;
  /** Count of the tenant's changes that the list reflects. */
  moves: number;
  /** What keys the draws of chance, for as long as the list is the person's own: they stay as they are. */
  sequence: number | undefined;
  /** Logs that these items of the newest answer are shown, and returns the decision's id. */
  decide: Made["decide"];
}

/** Most items of an answer. */
const itemsMax = 200;

export class LiveQueries {
  readonly #parts: LiveParts;
  readonly #queries = new Map<string, LiveQuery>();
  /** By person: all of their lists. */
  readonly #bySubject = new Map<string, Set<LiveQuery>>();
  /** Those that somebody looks at, the longest untouched first. */
  readonly #ring = new Set<LiveQuery>();
  readonly #moves = new Map<number, number>();
  /** The takedowns that a tenant's lists reflect. */
  readonly #takedowns = new Map<number, Takedowns | undefined>();
  /** Changes that concern every tenant: the hourly clock. */
  #clocks = 0;
  /** Tenants that ever had a list. */
  readonly #tenants = new Set<number>();
  #turnedAt: number;
  refreshes = 0;
  pushes = 0;

  constructor(parts: LiveParts) {
    this.#parts = parts;
    this.#turnedAt = parts.now();
    parts.engine.onFolded((users, { records }) => {
      // A decision alone says what was shown, by ourselves: no list is another for it.
      const told = records.filter(({ kind }) => kind !== "decision");
      if (told.length === 0) return;
      this.#move(told);
      // Of others in this commit nothing but a decision may stand in it: a list for that would be a decision again.
      const onlyShown = this.#onlyShown(records, told);
      for (const { tenant, subject } of users) {
        if (onlyShown.has(`${tenant}/${subject}`)) continue;
        const own = this.#bySubject.get(`${tenant}/${subject}`);
        if (own === undefined) continue;
        const [before, at] = [this.pushes, parts.elapsed()];
        for (const query of own) if (query.holders.size > 0) this.#refresh(query);
        if (this.pushes > before) this.#time(told, tenant, subject, parts.elapsed() - at);
      }
      // Last: what these people have changed about themselves, a permit too, already holds.
      for (const { kind, tenant } of told) if (kind === "definition") this.#takeDown(tenant);
    });
  }

  get size(): number {
    return this.#ring.size;
  }

  /** The list as of now, for this holder; `close` ends it. Throws the ranker's RequestError. */
  async open(ask: LiveAsk, holder: Holder, onScreen: readonly string[]): Promise<LiveQuery> {
    const { engine, hub } = this.#parts;
    const subject = engine.resolve(ask.tenant, ask.subject);
    const channel = channelOf({ ...ask, subject });
    // Waiting lets other commits in, so it is asked again until this very turn is whole.
    do await engine.whole();
    while (!engine.isWhole);
    const known = this.#queries.get(channel);
    if (known !== undefined && hub.isOpen(channel)) {
      this.#hold(known, holder, onScreen);
      this.#refresh(known);
      if (this.#queries.get(channel) === known) return known;
    } else if (known !== undefined) this.#drop(known);
    this.#makeRoom(ask.tenant, subject);
    const query = this.#make({ ...ask, subject }, channel, onScreen);
    this.#hold(query, holder, onScreen);
    void hub.open(channel);
    return query;
  }

  close(query: LiveQuery, holder: Holder): void {
    query.holders.delete(holder);
    // The list stays with its stream for those who come back.
    if (query.holders.size === 0) this.#ring.delete(query);
  }

  setOnScreen(query: LiveQuery, holder: Holder, items: readonly string[]): void {
    if (query.holders.has(holder)) query.holders.set(holder, items);
  }

  /** Ends every list of a person: who looks must subscribe again. */
  invalidate(tenant: number, subject: string): void {
    for (const query of this.#bySubject.get(`${tenant}/${subject}`) ?? []) {
      this.#drop(query);
      this.#parts.hub.invalidate(query.channel);
    }
  }

  /** Makes lists again that other people's events may have changed, until the turn's time is used up. */
  turn(): void {
    const { engine, limits, now, elapsed } = this.#parts;
    if (!engine.isWhole) return;
    this.#crossBorders();
    const end = elapsed() + limits.liveRefreshBudgetMs;
    const due = now() - limits.liveRefreshMs;
    let left = this.#ring.size;
    for (const query of this.#ring) {
      if (left-- === 0) return;
      if (query.moves === this.#movesOf(query.ask.tenant) || query.refreshedAt > due) continue;
      this.#ring.delete(query);
      this.#ring.add(query);
      this.#refresh(query);
      if (elapsed() >= end) return;
    }
  }

  #crossBorders(): void {
    const before = this.#turnedAt;
    this.#turnedAt = this.#parts.now();
    for (const tenant of this.#tenants) {
      if (this.#parts.hasBorder(tenant, before, this.#turnedAt))
        this.#move([{ kind: "border", tenant }]);
    }
  }

  /** Lets go of lists whose streams are gone. */
  sweep(): void {
    for (const query of this.#queries.values()) {
      if (query.holders.size === 0 && !this.#parts.hub.isOpen(query.channel)) this.#drop(query);
    }
  }

  /**
   * What was taken down leaves every list of the tenant in this turn: those that somebody looks at are cut at once
   * and made again when it is their turn, the others end, and what was sent before can be recovered by nobody.
   */
  #takeDown(tenant: number): void {
    const { takedownsOf, hub } = this.#parts;
    const takedowns = takedownsOf(tenant);
    if (takedowns === this.#takedowns.get(tenant)) return;
    this.#takedowns.set(tenant, takedowns);
    const isDown = (id: string): boolean => takedowns !== undefined && Object.hasOwn(takedowns, id);
    for (const query of this.#queries.values()) {
      if (query.ask.tenant !== tenant) continue;
      if (query.holders.size > 0) {
        hub.dropHistory(query.channel);
        if (names(query.list, isDown)) this.#cut(query, isDown);
      } else {
        this.#drop(query);
        hub.invalidate(query.channel);
      }
    }
  }

  /**
   * The list without these items, none of them named by a reason either. Ranking all the lists of a popular item
   * would take longer than the item may stay: what comes in its place is ranked in the turns after this one.
   */
  #cut(query: LiveQuery, isDown: (id: string) => boolean): void {
    const { list, ask } = query;
    const left = list.items.filter(({ id }) => !isDown(id)).map((one) => unnamed(one, isDown));
    const items = pinnedOnly(list.items, left, onScreenOf(query), ask.limit);
    this.#replace(query, { ...query, items, personal: list.personal });
    query.refreshedAt = 0;
  }

  /** People of whom a commit holds decisions and nothing that happened. */
  #onlyShown(records: readonly FoldedRecord[], told: readonly FoldedRecord[]): Set<string> {
    const people = new Set<string>();
    if (told.length === records.length || this.#bySubject.size === 0) return people;
    const keyOf = ({ tenant, subject }: FoldedRecord): string =>
      `${tenant}/${this.#parts.engine.resolve(tenant, subject)}`;
    for (const record of records) if (record.kind === "decision") people.add(keyOf(record));
    for (const record of told) people.delete(keyOf(record));
    return people;
  }

  #time(records: readonly FoldedRecord[], tenant: number, subject: string, tookMs: number): void {
    let receivedAt = 0;
    for (const record of records) {
      if (record.tenant === tenant && record.subject === subject)
        receivedAt = Math.max(receivedAt, record.receivedAt);
    }
    if (receivedAt === 0) return;
    this.#parts.onPushed?.({ tenant, subject, ms: this.#parts.now() - receivedAt, tookMs });
  }

  #move(records: readonly { kind: string; tenant: number }[]): void {
    for (const { kind, tenant } of records) {
      if (kind === "clock") this.#clocks += 1;
      else this.#moves.set(tenant, (this.#moves.get(tenant) ?? 0) + 1);
    }
  }

  #movesOf(tenant: number): number {
    return (this.#moves.get(tenant) ?? 0) + this.#clocks;
  }

  #hold(query: LiveQuery, holder: Holder, onScreen: readonly string[]): void {
    query.holders.set(holder, onScreen);
    this.#ring.add(query);
  }

  #make(ask: LiveAsk, channel: string, onScreen: readonly string[]): LiveQuery {
    const { now } = this.#parts;
    const made = this.#rank(ask, [], onScreen, undefined, undefined);
    const query: LiveQuery = {
      ask,
      channel,
      list: this.#listOf(ask, 1, made),
      holders: new Map(),
      refreshedAt: now(),
      moves: this.#movesOf(ask.tenant),
      sequence: made.sequence,
      decide: made.decide,
    };
    this.#queries.set(channel, query);
    this.#tenants.add(ask.tenant);
    const key = `${ask.tenant}/${ask.subject}`;
    const known = this.#bySubject.get(key);
    if (known === undefined) this.#bySubject.set(key, new Set([query]));
    else known.add(query);
    return query;
  }

  /** A person who asks for ever other lists loses the oldest that nobody looks at. */
  #makeRoom(tenant: number, subject: string): void {
    const own = this.#bySubject.get(`${tenant}/${subject}`);
    if (own === undefined || own.size < this.#parts.limits.liveQueriesPerUserMax) return;
    for (const query of own) {
      if (query.holders.size > 0) continue;
      this.#drop(query);
      this.#parts.hub.invalidate(query.channel);
      return;
    }
    throw new Refusal(refusals.limitExceeded, "live queries of one person");
  }

  #drop(query: LiveQuery): void {
    const key = `${query.ask.tenant}/${query.ask.subject}`;
    this.#queries.delete(query.channel);
    this.#ring.delete(query);
    const others = this.#bySubject.get(key);
    others?.delete(query);
    if (others?.size === 0) this.#bySubject.delete(key);
  }

  /** Never throws: it runs inside the engine's turn. A list that cannot be made any more ends its stream. */
  #refresh(query: LiveQuery): void {
    try {
      this.#remake(query);
    } catch (error) {
      this.#drop(query);
      this.#parts.hub.invalidate(query.channel);
      this.#parts.onFailed?.(error);
    }
  }

  #remake(query: LiveQuery): void {
    const { ask, list: before } = query;
    const onScreen = onScreenOf(query);
    const made = this.#rank(ask, before.items, onScreen, before.personal, query.sequence);
    query.refreshedAt = this.#parts.now();
    query.moves = this.#movesOf(ask.tenant);
    query.sequence = made.sequence;
    query.decide = made.decide;
    this.refreshes += 1;
    if (made.personal === before.personal && !isChanged(before, made.items)) return;
    // What was on screen was chosen by what may no longer be known: it is not carried over.
    if (before.personal && !made.personal)
      for (const holder of query.holders.keys()) query.holders.set(holder, []);
    this.#replace(query, made);
  }

  /** This is the list from now on: decided, and pushed as what is other than before. */
  #replace(query: LiveQuery, made: Made): void {
    const { hub, now } = this.#parts;
    const { ask, list: before } = query;
    query.list = this.#listOf(ask, before.v + 1, made);
    this.pushes += 1;
    const key = `reco:${ask.placement}`;
    const { v, decisionId } = query.list;
    void hub.publish(query.channel, {
      data: JSON.stringify(diff(before, query.list)),
      key,
      version: v,
      tags: { type: "recommendation.changed", key, v: String(v), id: decisionId },
      time: now(),
    });
    this.#parts.onChanged?.(query);
  }

  #rank(
    ask: LiveAsk,
    previous: readonly LiveItem[],
    onScreen: readonly string[],
    wasPersonal: boolean | undefined,
    sequence: number | undefined,
  ): Made {
    const { tenant, subject, ...asked } = ask;
    const { limit } = ask;
    const { engine, now, itemOf } = this.#parts;
    const list = { size: limit, sequence };
    const request = { ...asked, now: now(), onScreen, list };
    let preview = engine.preview(tenant, subject, request);
    const isWithdrawn = wasPersonal === true && !preview.personal;
    const { keepOnScreen, gainPermille } = preview.stability;
    const ended = endedPins(previous, preview.items);
    const pins = isWithdrawn || !keepOnScreen ? [] : onScreen.filter((item) => !ended.has(item));
    // An item on screen may have sunk below the limit: only one that may not be shown any more loses its slot.
    if (pins.length > 0 && limit < itemsMax && lacks(preview.items, pins))
      preview = engine.preview(tenant, subject, { ...request, limit: itemsMax });
    const { items: ranked, personal } = preview;
    const fresh = ranked.map((entry) => liveItem(entry, itemOf(tenant, entry.item)));
    // A stranger's list has no past but what is on screen, neither as the next one nor as the one before.
    const arrange = personal && wasPersonal !== false && preview.isByScore ? stable : pinnedOnly;
    const items = arrange(isWithdrawn ? [] : previous, fresh, pins, limit, gainPermille);
    const decide = (shown: readonly LiveItem[]): string =>
      preview.decide(shown.map(({ id }) => ({ item: id })));
    return { items, personal, sequence: personal ? preview.sequence : undefined, decide };
  }

  #listOf({ placement }: LiveAsk, v: number, { items, personal, decide }: Made): LiveList {
    return {
      type: "recommendation.list",
      placement,
      v,
      decisionId: decide(items),
      position: this.#parts.engine.position(),
      personal,
      items,
    };
  }
}

interface Made {
  items: readonly LiveItem[];
  personal: boolean;
  sequence: number | undefined;
  decide(shown: readonly LiveItem[]): string;
}

/** One stream per (person, placement, hash of limit and context, and of what the list is about). */
function channelOf({
  tenant,
  subject,
  placement,
  limit,
  context,
  items,
  playlist,
}: LiveAsk): string {
  const { device, region, place, attributes = {} } = context;
  const stated = Object.entries(attributes).sort(([a], [b]) => (a < b ? -1 : 1));
  const about = items === undefined && playlist === undefined ? [] : [items ?? null, playlist];
  const plain = [limit, device ?? null, region ?? null, place ?? null, stated];
  const text = JSON.stringify([...plain, ...about]);
  const hash = createHash("sha256").update(text).digest("base64url").slice(0, 16);
  return `${tenant}/reco/${subject}/${placement}/${hash}`;
}

/** Of several devices on one list: what any of them shows. */
function onScreenOf({ holders }: LiveQuery): string[] {
  const items = new Set<string>();
  for (const shown of holders.values()) for (const item of shown) items.add(item);
  return [...items];
}
