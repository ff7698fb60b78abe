/**
 * The channels that a person may listen to, by the names they have outside: `user:{id}`, the person's own
 * news, and `reco:{placement}#{id}`, a live query. The same on every transport, so that a cursor is too.
 */
import { type Context, contextLimits } from "@attune/protocol";
import { Refusal, refusals } from "./codes.ts";
import type { Hub } from "./hub.ts";
import type { Holder, LiveEngine, LiveQueries, LiveQuery } from "./live.ts";

export interface Person {
  tenant: number;
  userId: string;
}

/** A channel that a holder listens to until it closes it. */
export interface OpenChannel {
  readonly name: string;
  /** Name of its stream in the hub. */
  readonly stream: string;
  /** JSON of how things stand: what a client gets when its position cannot be recovered. */
  present(): string | Promise<string>;
  /** Reports what the holder has on screen; absent on channels that are no list. */
  setOnScreen?: ((items: readonly string[]) => void) | undefined;
  close(): void;
}

export interface ChannelParts {
  engine: Pick<LiveEngine, "resolve" | "onEffect" | "onFolded">;
  hub: Hub;
  live: LiveQueries;
  limits: { onScreenMax: number };
  /** Wall clock, ms since 1970. */
  now: () => number;
  /** Subject of a user id of the tenant. */
  subjectOf: (tenant: number, userId: string) => string;
  /** The id under which an effect is known outside. */
  publicId: (tenant: number, id: string) => string;
}

const limitDefault = 20;
const limitMax = 200;
const idUnitsMax = 256;
/** Items that a list is about, and the id of a playlist, as in a request over HTTP. */
const seedsMax = 64;
const playlistUnitsMax = 64;
/** Placements that one connection may watch on its person's channel. */
const watchedMax = 8;

export class Channels {
  readonly #parts: ChannelParts;
  /** Lists whose changes are told on their person's own channel, and how many asked for it. */
  readonly #watched = new Map<LiveQuery, number>();
  /** The list that was told last: one that changed while nobody watched is told to the next who does. */
  readonly #told = new WeakMap<LiveQuery, number>();

  constructor(parts: ChannelParts) {
    this.#parts = parts;
    parts.engine.onEffect((effect) => this.#tell(effect));
    parts.engine.onFolded((_users, { records }) => {
      // Whoever was merged into another is that other from now on: what listens subscribes again.
      for (const { kind, tenant, subject } of records)
        if (kind === "merge") this.#invalidate(tenant, subject);
    });
  }

  /** Throws a Refusal: 102 for a channel there is not, 103 for somebody else's, 107 for data that makes no sense. */
  async open(person: Person, name: string, data: unknown, holder: Holder): Promise<OpenChannel> {
    if (name.startsWith("user:")) {
      assertOwn(person, name.slice("user:".length));
      return this.#openUser(person, name);
    }
    const live = /^reco:([^#]{1,64})#(.*)$/su.exec(name);
    if (live === null) throw new Refusal(refusals.unknownChannel);
    assertOwn(person, live[2]!);
    return this.#openLive(
      person,
      name,
      live[1]!,
      askOf(data, this.#parts.limits.onScreenMax),
      holder,
    );
  }

  /**
   * Tells changes of these placements' lists on the person's own channel, as news without the list, until the
   * returned function is called. Throws a Refusal.
   */
  async watch(person: Person, placements: unknown, holder: Holder): Promise<() => void> {
    if (!Array.isArray(placements) || placements.length > watchedMax)
      throw bad(`watch must be a list of at most ${watchedMax} placements`);
    const queries: LiveQuery[] = [];
    const stop = (): void => {
      for (const query of queries.splice(0)) this.#unwatch(query, holder);
    };
    try {
      for (const placement of new Set(placements)) {
        if (typeof placement !== "string") throw bad("watch must be a list of placements");
        const query = await this.#query(person, placement, plainAsk, holder);
        this.#watched.set(query, (this.#watched.get(query) ?? 0) + 1);
        queries.push(query);
        const { v } = query.list;
        if ((this.#told.get(query) ?? v) !== v) this.changed(query);
        this.#told.set(query, v);
      }
    } catch (error) {
      stop();
      throw error;
    }
    return stop;
  }

  #unwatch(query: LiveQuery, holder: Holder): void {
    this.#parts.live.close(query, holder);
    const left = (this.#watched.get(query) ?? 1) - 1;
    if (left === 0) this.#watched.delete(query);
    else this.#watched.set(query, left);
  }

  /** To be called with each list that replaced another. */
  changed(query: LiveQuery): void {
    if (!this.#watched.has(query)) return;
    const at = this.#parts.now();
    const { tenant, subject, placement } = query.ask;
    const { v, decisionId } = query.list;
    this.#told.set(query, v);
    const type = "recommendation.changed";
    const key = `reco:${placement}`;
    void this.#parts.hub.publish(userStreamOf(tenant, subject), {
      data: JSON.stringify({ type, at, placement, v, decisionId }),
      key,
      version: v,
      tags: { type, key, v: String(v), id: decisionId },
      time: at,
    });
  }

  /** Name of the person's own channel in the hub, by subject: effects know no user ids. */
  userStream({ tenant, userId }: Person): string {
    const { engine, subjectOf } = this.#parts;
    return userStreamOf(tenant, engine.resolve(tenant, subjectOf(tenant, userId)));
  }

  #openUser(person: Person, name: string): OpenChannel {
    const { hub } = this.#parts;
    const stream = this.userStream(person);
    const present = async (): Promise<string> => {
      const newest = await hub.present(stream);
      const values = newest.map(({ key, data }) => `${JSON.stringify(key)}:${data}`);
      return `{"values":{${values.join(",")}}}`;
    };
    return { name, stream, present, close: () => {} };
  }

  async #openLive(
    person: Person,
    name: string,
    placement: string,
    ask: Ask,
    holder: Holder,
  ): Promise<OpenChannel> {
    const { live } = this.#parts;
    const query = await this.#query(person, placement, ask, holder);
    return {
      name,
      stream: query.channel,
      present: () => JSON.stringify(query.list),
      setOnScreen: (items) => live.setOnScreen(query, holder, items),
      close: () => live.close(query, holder),
    };
  }

  #query(person: Person, placement: string, ask: Ask, holder: Holder): Promise<LiveQuery> {
    const { live, subjectOf } = this.#parts;
    const { onScreen, ...asked } = ask;
    const subject = subjectOf(person.tenant, person.userId);
    const whole = { tenant: person.tenant, subject, placement, ...asked };
    return live.open(whole, holder, onScreen).catch((error: unknown) => {
      throw refusalOf(error);
    });
  }

  #invalidate(tenant: number, subject: string): void {
    this.#parts.live.invalidate(tenant, subject);
    this.#parts.hub.invalidate(userStreamOf(tenant, subject));
  }

  /** An effect becomes a publication on its person's channel, if anybody may be waiting for it. */
  #tell({
    id,
    tenant,
    subject,
    body,
  }: {
    id: string;
    tenant: number;
    subject: string;
    body: string;
  }): void {
    const { hub, publicId } = this.#parts;
    const stream = userStreamOf(tenant, subject);
    const { type, at, purpose } = JSON.parse(body) as {
      type: string;
      at: number;
      purpose?: string | undefined;
    };
    if (type === "subject.erased") {
      this.#invalidate(tenant, subject);
      return;
    }
    if (!hub.isOpen(stream)) return;
    // What states a value replaces the older statement of it; what happened is told each time.
    const key = type === "consent.changed" ? `${type}:${purpose}` : undefined;
    const tags = { type, ...(key === undefined ? {} : { key }), id: publicId(tenant, id) };
    void hub.publish(stream, { data: body, key, tags, time: at });
  }
}

function userStreamOf(tenant: number, subject: string): string {
  return `${tenant}/user/${subject}`;
}

/** `me` stands for the person of the token, where a URL is written before the id is known. */
export function ownName(person: Person, name: string): string {
  if (name === "user:me") return `user:${person.userId}`;
  return name.startsWith("reco:") && name.endsWith("#me")
    ? `${name.slice(0, -"me".length)}${person.userId}`
    : name;
}

function assertOwn(person: Person, userId: string): void {
  if (userId !== person.userId) throw new Refusal(refusals.permissionDenied);
}

interface Ask {
  limit: number;
  context: Context;
  onScreen: readonly string[];
  items?: readonly string[];
  playlist?: string;
}

const plainAsk: Ask = { limit: limitDefault, context: {}, onScreen: [] };

function askOf(data: unknown, onScreenMax: number): Ask {
  if (data === undefined || data === null) return plainAsk;
  if (typeof data !== "object" || Array.isArray(data)) throw bad("data must be an object");
  const { limit, context, onScreen, items, playlist } = data as Record<string, unknown>;
  const count = limit ?? limitDefault;
  if (!Number.isInteger(count) || (count as number) < 1 || (count as number) > limitMax)
    throw bad(`data.limit must be 1 to ${limitMax}`);
  return {
    limit: count as number,
    context: contextOf(context),
    onScreen: itemsOf(onScreen ?? [], onScreenMax),
    ...(items === undefined ? {} : { items: itemsOf(items, seedsMax, "data.items") }),
    ...(playlist === undefined ? {} : { playlist: playlistOf(playlist) }),
  };
}

function playlistOf(value: unknown): string {
  if (typeof value !== "string" || value === "" || value.length > playlistUnitsMax)
    throw bad(`data.playlist must be an id of at most ${playlistUnitsMax} characters`);
  return value;
}

function contextOf(value: unknown): Context {
  if (value === undefined) return {};
  if (typeof value !== "object" || value === null || Array.isArray(value))
    throw bad("data.context must be an object");
  const { device, region, place, attributes, ...others } = value as Record<string, unknown>;
  const unknown = Object.keys(others)[0];
  if (unknown !== undefined)
    throw bad(`data.context knows device, region, place and attributes alone`);
  for (const text of [device, region, place]) {
    if (text === undefined) continue;
    if (typeof text !== "string" || text.length > contextLimits.unitsMax)
      throw bad(`data.context holds texts of at most ${contextLimits.unitsMax} characters`);
  }
  return { device, region, place, attributes: attributesOf(attributes) } as Context;
}

function attributesOf(value: unknown): Context["attributes"] {
  if (value === undefined) return undefined;
  if (typeof value !== "object" || value === null || Array.isArray(value))
    throw bad("data.context.attributes must be an object");
  const { attributesMax, attributeName, unitsMax } = contextLimits;
  const entries = Object.entries(value as Record<string, unknown>);
  const isStated = ([name, text]: [string, unknown]): boolean =>
    attributeName.test(name) && typeof text === "string" && text.length <= unitsMax;
  if (entries.length > attributesMax || !entries.every(isStated))
    throw bad(`data.context.attributes holds at most ${attributesMax} names with short texts`);
  return value as Context["attributes"];
}

/** Item ids as a client tells them. */
export function itemsOf(value: unknown, countMax: number, name = "onScreen"): string[] {
  const isItem = (id: unknown): id is string =>
    typeof id === "string" && id !== "" && id.length <= idUnitsMax;
  if (!Array.isArray(value) || value.length > countMax || !value.every(isItem))
    throw bad(`${name} must be a list of at most ${countMax} item ids`);
  return value;
}

function bad(detail: string): Refusal {
  return new Refusal(refusals.badRequest, detail);
}

/** The ranker names the field of a request that it cannot answer. */
function refusalOf(error: unknown): unknown {
  if (!(error instanceof Error) || error.name !== "RequestError") return error;
  const { field } = error as Error & { field?: string | undefined };
  return field === "placement" ? new Refusal(refusals.unknownChannel) : bad(error.message);
}
