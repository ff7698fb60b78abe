/**
 * The hub of one process: streams in memory. Everything happens in the turn of the call, so a publication is
 * on its way to every subscriber before `publish` returns; a restart gives every channel a new epoch.
 */
import type {
  Draft,
  History,
  HistoryQuery,
  Hub,
  Position,
  Publication,
  Subscribed,
  Subscriber,
} from "./hub.ts";

export interface HubMemoryOptions {
  historyMax: number;
  historyMs: number;
  keysPerChannelMax: number;
  idleChannelsMax: number;
  now: () => number;
  /** A name nobody had before. */
  newEpoch: () => string;
}

interface Kept {
  publication: Publication;
  at: number;
}

interface Stream {
  epoch: string;
  offset: number;
  /** Oldest first. */
  history: Kept[];
  present: Map<string, Publication>;
  readonly subscribers: Set<Subscriber>;
  touchedAt: number;
}

export class HubMemory implements Hub {
  readonly #streams = new Map<string, Stream>();
  readonly #options: HubMemoryOptions;

  constructor(options: HubMemoryOptions) {
    this.#options = options;
  }

  get channels(): number {
    return this.#streams.size;
  }

  open(channel: string): Position {
    return positionOf(this.#obtain(channel));
  }

  isOpen(channel: string): boolean {
    return this.#streams.has(channel);
  }

  publish(channel: string, draft: Draft): Publication | undefined {
    const stream = this.#streams.get(channel);
    if (stream === undefined) return undefined;
    const at = this.#options.now();
    const publication: Publication = { ...draft, offset: ++stream.offset };
    stream.history.push({ publication, at });
    this.#trim(stream, at);
    this.#keep(stream, publication);
    stream.touchedAt = at;
    for (const subscriber of stream.subscribers) subscriber.onPublication(publication);
    return publication;
  }

  subscribe(channel: string, subscriber: Subscriber, since?: Position): Subscribed {
    const stream = this.#obtain(channel);
    stream.subscribers.add(subscriber);
    const missed = since === undefined ? undefined : this.#after(stream, since);
    return { position: positionOf(stream), missed };
  }

  unsubscribe(channel: string, subscriber: Subscriber): void {
    const stream = this.#streams.get(channel);
    if (stream?.subscribers.delete(subscriber) !== true) return;
    stream.touchedAt = this.#options.now();
    if (stream.subscribers.size === 0) this.#moveLast(channel, stream);
  }

  history(channel: string, { since, limit, reverse }: HistoryQuery): History | undefined {
    const stream = this.#obtain(channel);
    this.#trim(stream, this.#options.now());
    const position = positionOf(stream);
    if (limit === 0) return { position, publications: [] };
    const count = limit ?? this.#options.historyMax;
    if (reverse === true) {
      if (since !== undefined && since.epoch !== stream.epoch) return undefined;
      const before = since?.offset ?? Infinity;
      const all = stream.history.map((kept) => kept.publication).reverse();
      const publications = all.filter(({ offset }) => offset < before).slice(0, count);
      return { position, publications };
    }
    if (since === undefined)
      return { position, publications: stream.history.slice(0, count).map((k) => k.publication) };
    const missed = this.#after(stream, since);
    return missed === undefined ? undefined : { position, publications: missed.slice(0, count) };
  }

  present(channel: string): readonly Publication[] {
    return [...(this.#streams.get(channel)?.present.values() ?? [])];
  }

  invalidate(channel: string): void {
    const stream = this.#streams.get(channel);
    if (stream === undefined) return;
    this.#streams.delete(channel);
    for (const subscriber of stream.subscribers) subscriber.onInvalidated();
  }

  dropHistory(channel: string): void {
    const stream = this.#streams.get(channel);
    if (stream === undefined) return;
    stream.history.length = 0;
    stream.present.clear();
  }

  /** Idle channels stand at the end of the map in the order in which they were left. */
  sweep(): void {
    const now = this.#options.now();
    let idle = 0;
    for (const [channel, stream] of this.#streams) {
      this.#trim(stream, now);
      if (stream.subscribers.size > 0) continue;
      idle += 1;
      if (now - stream.touchedAt >= this.#options.historyMs) this.#streams.delete(channel);
    }
    for (const [channel, stream] of this.#streams) {
      if (idle <= this.#options.idleChannelsMax) return;
      if (stream.subscribers.size > 0) continue;
      this.#streams.delete(channel);
      idle -= 1;
    }
  }

  #obtain(channel: string): Stream {
    const known = this.#streams.get(channel);
    if (known !== undefined) return known;
    const stream: Stream = {
      epoch: this.#options.newEpoch(),
      offset: 0,
      history: [],
      present: new Map(),
      subscribers: new Set(),
      touchedAt: this.#options.now(),
    };
    this.#streams.set(channel, stream);
    return stream;
  }

  #moveLast(channel: string, stream: Stream): void {
    this.#streams.delete(channel);
    this.#streams.set(channel, stream);
  }

  #trim(stream: Stream, now: number): void {
    const { historyMax, historyMs } = this.#options;
    const { history } = stream;
    let gone = Math.max(0, history.length - historyMax);
    while (gone < history.length && now - history[gone]!.at >= historyMs) gone += 1;
    if (gone > 0) history.splice(0, gone);
  }

  #keep(stream: Stream, publication: Publication): void {
    const { key } = publication;
    if (key === undefined) return;
    stream.present.delete(key);
    stream.present.set(key, publication);
    if (stream.present.size <= this.#options.keysPerChannelMax) return;
    stream.present.delete(stream.present.keys().next().value!);
  }

  /** Everything after the position, or undefined when some of it may be gone. */
  #after(stream: Stream, since: Position): Publication[] | undefined {
    this.#trim(stream, this.#options.now());
    const { history } = stream;
    if (since.epoch !== stream.epoch || since.offset > stream.offset) return undefined;
    const first = stream.offset - history.length;
    if (since.offset < first) return undefined;
    return history.slice(since.offset - first).map((kept) => kept.publication);
  }
}

function positionOf({ epoch, offset }: Stream): Position {
  return { epoch, offset };
}
