/**
 * One client of the live channel, without its socket: the state from the first command to the last. Commands are
 * done one after the other, so that whatever comes in the first frame waits until its token is verified.
 */
import type { Channels, Person } from "./channels.ts";
import { itemsOf } from "./channels.ts";
import { type Code, closes, Disconnect, Refusal, refusals, unsubscribes } from "./codes.ts";
import type { Codec, Command, Result, SubscribeResult } from "./frames.ts";
import type { Hub, Position, Publication } from "./hub.ts";
import type { DeliverLimits } from "./limits.ts";
import { type Entry, Outgoing } from "./outgoing.ts";
import { type Start, Subscriptions } from "./subscriptions.ts";
import { refusalOfToken, type VerifiedToken, type VerifyToken } from "./tokens.ts";

export interface ConnectionParts {
  codec: Codec;
  channels: Channels;
  hub: Hub;
  limits: Readonly<DeliverLimits>;
  verify: VerifyToken;
  /** Appends a batch of events of this person; resolves with what to tell the client. */
  track: (person: Person, batch: unknown) => Promise<unknown>;
  /** Wall clock, ms since 1970. */
  now: () => number;
  version: string;
  room: Room;
  /** Told of a fault of ours. */
  onFault: (error: unknown) => void;
  atEndOfTick: (work: () => void) => void;
}

/** The connections of all people, for what concerns more than one. */
export interface Room {
  /** False when the person has as many as are allowed. */
  enter(person: Person, connection: Connection): boolean;
  leave(person: Person, connection: Connection): void;
  of(person: Person): Iterable<Connection>;
}

/** The socket as the connection sees it. */
export interface Transport {
  buffered(): number;
  write(text: string, done: () => void): void;
  close(reason: Code): void;
}

interface Written extends Entry {
  text?: string | undefined;
  channel?: string | undefined;
  publication?: Publication | undefined;
}

/** Envelope of a publication on the wire, about. */
const frameBytes = 200;
const commandsWaitingMax = 1_024;
/** Refused commands in one second that end the connection. */
const refusedMax = 100;
const rpcMethodUnitsMax = 64;
/** How often lost publications are looked for. */
const gapCheckMs = 5_000;

export class Connection {
  readonly id: string;
  readonly #parts: ConnectionParts;
  readonly #transport: Transport;
  readonly #outgoing: Outgoing<Written>;
  readonly #subscriptions: Subscriptions;
  readonly #commands: Command[] = [];
  readonly #openedAt: number;
  #isWorking = false;
  #isClosed = false;
  #token: VerifiedToken | undefined;
  #pingAt = 0;
  #pongDueAt = 0;
  #gapsAt = 0;
  #allowance: number;
  #allowedAt: number;
  #refused = 0;
  /** Holds lists that are watched, apart from those that are subscribed. */
  readonly #watcher = {};
  #unwatch: () => void = () => {};
  /** Newest offset of each channel that the device says it has dealt with. */
  readonly acked = new Map<string, number>();

  constructor(id: string, parts: ConnectionParts, transport: Transport) {
    this.id = id;
    this.#parts = parts;
    this.#transport = transport;
    const { limits, now, codec, atEndOfTick } = parts;
    this.#openedAt = now();
    this.#allowance = limits.commandsBurstMax;
    this.#allowedAt = this.#openedAt;
    this.#subscriptions = new Subscriptions({
      channels: parts.channels,
      hub: parts.hub,
      onPublication: (channel, publication) => this.#publish(channel, publication),
      onInvalidated: (channel) => this.#invalidated(channel),
    });
    this.#outgoing = new Outgoing<Written>({
      limits,
      buffered: () => transport.buffered(),
      write: (entries, done) => {
        const texts = entries.map(({ text, channel, publication }) =>
          publication === undefined ? text! : codec.publication(channel!, publication),
        );
        transport.write(codec.join(texts), done);
      },
      collapse: (entry) => this.#whole(entry),
      onSlow: () => this.close(closes.slow),
      atEndOfTick,
    });
  }

  get person(): Person | undefined {
    return this.#token;
  }

  get collapsed(): number {
    return this.#outgoing.collapsed;
  }

  receive(frame: Buffer, isBinary: boolean): void {
    if (this.#isClosed) return;
    try {
      for (const command of this.#parts.codec.decode(frame, isBinary)) {
        if (command.isPong) this.#pongDueAt = 0;
        else this.#commands.push(command);
      }
    } catch (error) {
      this.#fail(error);
      return;
    }
    if (this.#commands.length > commandsWaitingMax) this.close(closes.tooManyRequests);
    else if (!this.#isWorking) void this.#work();
  }

  /** The transport is gone, or is about to be. */
  end(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#commands.length = 0;
    this.#outgoing.end();
    this.#subscriptions.close();
    this.#unwatch();
    if (this.#token !== undefined) this.#parts.room.leave(this.#token, this);
  }

  close(reason: Code): void {
    if (this.#isClosed) return;
    this.#outgoing.flush();
    this.end();
    this.#transport.close(reason);
  }

  /** Everything that depends on time alone; called every `tickMs`. */
  tick(now: number): void {
    const { limits, codec, onFault } = this.#parts;
    if (this.#token === undefined) {
      if (now - this.#openedAt >= limits.connectTimeoutS * 1_000) this.close(closes.stale);
      return;
    }
    if (now >= (this.#token.expiresAtS + limits.expiryGraceS) * 1_000) {
      this.close(closes.expired);
    } else if (this.#pongDueAt !== 0 && now >= this.#pongDueAt) {
      this.close(closes.noPong);
    } else if (now >= this.#pingAt) {
      this.#say(codec.ping);
      this.#pingAt = now + limits.pingIntervalS * 1_000;
      this.#pongDueAt = now + limits.pongTimeoutS * 1_000;
    }
    if (now < this.#gapsAt || this.#isClosed) return;
    this.#gapsAt = now + gapCheckMs;
    this.#subscriptions.behind().then((names) => names.forEach((name) => this.#gap(name)), onFault);
  }

  async #work(): Promise<void> {
    this.#isWorking = true;
    for (let command = this.#commands.shift(); command; command = this.#commands.shift()) {
      try {
        const result = await this.#do(command);
        if (result !== undefined && command.id !== 0)
          this.#say(this.#parts.codec.reply(command.id, result.result), result.after);
      } catch (error) {
        this.#refuse(command, error);
      }
    }
    this.#isWorking = false;
  }

  #refuse(command: Command, error: unknown): void {
    if (!(error instanceof Refusal)) {
      this.#fail(error, command);
      return;
    }
    if (command.id === 0) return;
    const { code, message: reason, temporary } = error;
    this.#say(this.#parts.codec.refusal(command.id, { code, reason, temporary }));
  }

  #fail(error: unknown, command?: Command): void {
    if (error instanceof Disconnect) {
      this.close(error.close);
      return;
    }
    this.#parts.onFault(error);
    if (command === undefined) this.close(closes.serverError);
    else this.#refuse(command, new Refusal(refusals.internal));
  }

  async #do(command: Command): Promise<Done | undefined> {
    const { method, request, id } = command;
    if (this.#token === undefined) {
      if (method !== "connect" || id === 0) throw new Disconnect(closes.badRequest);
      return this.#connect(request);
    }
    this.#spend();
    if (method === "send") return undefined;
    if (id === 0) throw new Disconnect(closes.badRequest);
    switch (method) {
      case "connect":
        throw new Disconnect(closes.badRequest);
      case "refresh":
        return this.#refresh(request);
      case "subscribe":
        return this.#subscribe(this.#token, request);
      case "unsubscribe":
        return this.#unsubscribe(request);
      case "history":
        return this.#history(request);
      case "presence":
      case "presence_stats":
        return this.#presence(this.#token, method, request);
      case "rpc":
        return this.#rpc(this.#token, request);
      case "publish":
        throw new Refusal(refusals.permissionDenied);
      default:
        throw new Refusal(refusals.methodNotFound);
    }
  }

  /** Commands a second; who goes on regardless is let go. */
  #spend(): void {
    const { limits, now } = this.#parts;
    const at = now();
    const earned = (Math.max(0, at - this.#allowedAt) / 1_000) * limits.commandsPerSMax;
    if (earned >= limits.commandsPerSMax) this.#refused = 0;
    this.#allowance = Math.min(limits.commandsBurstMax, this.#allowance + earned);
    this.#allowedAt = at;
    if (this.#allowance >= 1) {
      this.#allowance -= 1;
      return;
    }
    this.#refused += 1;
    if (this.#refused > refusedMax) throw new Disconnect(closes.tooManyRequests);
    throw new Refusal(refusals.tooManyRequests);
  }

  async #connect(request: Fields): Promise<Done | undefined> {
    const { verify, limits, now, version, room } = this.#parts;
    const { token, subs, data } = request;
    if (typeof token !== "string" || token === "") throw new Disconnect(closes.invalidToken);
    const verified = await verify(token).catch((error: unknown) => {
      throw refusalOfToken(error, closes.invalidToken);
    });
    if (this.#isClosed) return undefined;
    const ttl = verified.expiresAtS - Math.floor(now() / 1_000);
    if (ttl <= 0) throw new Refusal(refusals.tokenExpired);
    if (!room.enter(verified, this)) throw new Disconnect(closes.connectionLimit);
    this.#token = verified;
    const at = now();
    this.#pingAt = at + limits.pingIntervalS * 1_000;
    this.#gapsAt = at + gapCheckMs;
    const { watch } = fieldsOf(data) ?? {};
    // What changed meanwhile is made up for first, so that it is among what was missed.
    if (watch !== undefined)
      this.#unwatch = await this.#parts.channels.watch(verified, watch, this.#watcher);
    // The person's own channel is in every answer, or the client would forget where it stood.
    const name = `user:${verified.userId}`;
    const asked = fieldsOf(fieldsOf(subs)?.[name]);
    const start = await this.#subscriptions.add(verified, name, undefined, sinceOf(asked));
    if (start === undefined) return undefined;
    const result = {
      client: this.id,
      version,
      ttl,
      ping: limits.pingIntervalS,
      subs: new Map([[name, startResult(start)]]),
      time: at,
    };
    return { result: { method: "connect", result }, after: () => start.go() };
  }

  async #refresh({ token }: Fields): Promise<Done> {
    const { verify, now } = this.#parts;
    if (typeof token !== "string") throw new Refusal(refusals.badRequest);
    const verified = await verify(token).catch((error: unknown) => {
      const refusal = refusalOfToken(error, closes.invalidToken);
      // Coming back with it is answered so that the client fetches another.
      const isExpired = refusal instanceof Refusal && refusal.code === refusals.tokenExpired.code;
      throw isExpired ? new Disconnect(closes.expired) : refusal;
    });
    const { tenant, userId } = this.#token!;
    if (verified.tenant !== tenant || verified.userId !== userId)
      throw new Disconnect(closes.invalidToken);
    this.#token = verified;
    const ttl = Math.max(1, verified.expiresAtS - Math.floor(now() / 1_000));
    return done({ method: "refresh", result: { client: this.id, expires: true, ttl } });
  }

  async #subscribe(person: Person, request: Fields): Promise<Done | undefined> {
    const name = channelOf(request);
    if (this.#subscriptions.has(name)) throw new Refusal(refusals.alreadySubscribed);
    if (this.#subscriptions.size >= this.#parts.limits.channelsPerSocketMax)
      throw new Disconnect(closes.channelLimit);
    const { data, flag } = request;
    const since = sinceOf(request);
    const start = await this.#subscriptions.add(person, name, data, since);
    if (start === undefined) return undefined;
    // A client that loads its state itself wants to be told, not to be given another.
    if (since !== undefined && !start.recovered && typeof flag === "number" && (flag & 2) !== 0) {
      this.#subscriptions.remove(name);
      throw new Refusal(refusals.unrecoverablePosition);
    }
    const result = startResult(start);
    return { result: { method: "subscribe", result }, after: () => start.go() };
  }

  #unsubscribe(request: Fields): Done {
    const name = channelOf(request);
    if (name === `user:${this.#token!.userId}`) throw new Refusal(refusals.permissionDenied);
    this.#subscriptions.remove(name);
    return done({ method: "unsubscribe", result: {} });
  }

  async #history(request: Fields): Promise<Done> {
    const open = this.#subscriptions.get(channelOf(request));
    if (open === undefined) throw new Refusal(refusals.permissionDenied);
    const { limit, reverse } = request;
    if (limit !== undefined && (!Number.isInteger(limit) || (limit as number) < 0))
      throw new Refusal(refusals.badRequest, "limit must be a whole number");
    const since = sinceOf({
      ...fieldsOf(request["since"]),
      recover: request["since"] !== undefined,
    });
    const query = { since, limit: (limit as number | undefined) ?? 0, reverse: reverse === true };
    const history = await this.#parts.hub.history(open.stream, query);
    if (history === undefined) throw new Refusal(refusals.unrecoverablePosition);
    const { position, publications } = history;
    return done({ method: "history", result: { ...position, publications } });
  }

  /** Only of one's own channel: which others listen to a thing is theirs to tell. */
  #presence(person: Person, method: "presence" | "presence_stats", request: Fields): Done {
    if (channelOf(request) !== `user:${person.userId}`)
      throw new Refusal(refusals.permissionDenied);
    const here = [...this.#parts.room.of(person)];
    if (method === "presence_stats")
      return done({ method, result: { num_clients: here.length, num_users: 1 } });
    const presence = here.map(({ id }) => [id, { client: id, user: person.userId }] as const);
    return done({ method, result: { presence: Object.fromEntries(presence) } });
  }

  async #rpc(person: Person, { method, data }: Fields): Promise<Done> {
    if (typeof method !== "string" || method.length > rpcMethodUnitsMax)
      throw new Refusal(refusals.badRequest);
    switch (method) {
      case "track":
        return rpcDone(await this.#parts.track(person, data));
      case "ack":
        return rpcDone(this.#ack(fieldsOf(data)));
      case "onScreen":
        return rpcDone(this.#setOnScreen(fieldsOf(data)));
      default:
        throw new Refusal(refusals.methodNotFound);
    }
  }

  /** Cumulative; it never holds up what is delivered. */
  #ack(fields: Fields | undefined): object {
    const { channel, offset } = fields ?? {};
    if (typeof channel !== "string" || !this.#subscriptions.has(channel))
      throw new Refusal(refusals.badRequest, "ack names a channel of this connection");
    if (!Number.isSafeInteger(offset)) throw new Refusal(refusals.badRequest, "ack has an offset");
    this.acked.set(channel, Math.max(offset as number, this.acked.get(channel) ?? 0));
    return {};
  }

  #setOnScreen(fields: Fields | undefined): object {
    const { channel, items } = fields ?? {};
    const open = typeof channel === "string" ? this.#subscriptions.get(channel) : undefined;
    if (open?.setOnScreen === undefined)
      throw new Refusal(refusals.badRequest, "onScreen names a live query of this connection");
    open.setOnScreen(itemsOf(items, this.#parts.limits.onScreenMax));
    return {};
  }

  #publish(channel: string, publication: Publication): void {
    const { key, data } = publication;
    this.#outgoing.push({
      bytes: data.length + frameBytes,
      key: key === undefined ? undefined : `${channel}\n${key}`,
      channel,
      publication,
    });
  }

  /** A diff says nothing without those before it: who lost some gets the list itself. */
  #whole(entry: Written): Written {
    const { channel, publication } = entry;
    const open = channel === undefined ? undefined : this.#subscriptions.get(channel);
    if (publication === undefined || open?.setOnScreen === undefined) return entry;
    const data = open.present() as string;
    return { ...entry, bytes: data.length + frameBytes, publication: { ...publication, data } };
  }

  #invalidated(channel: string): void {
    if (channel === `user:${this.#token?.userId}`) this.close(closes.stateInvalidated);
    else this.#say(this.#parts.codec.unsubscribe(channel, unsubscribes.stateInvalidated));
  }

  #gap(channel: string): void {
    if (channel === `user:${this.#token?.userId}`) {
      this.close(closes.insufficientState);
      return;
    }
    this.#subscriptions.remove(channel);
    this.#say(this.#parts.codec.unsubscribe(channel, unsubscribes.insufficientState));
  }

  /** `after`: what must stand behind this text on the wire. */
  #say(text: string, after?: (() => void) | undefined): void {
    if (this.#isClosed) return;
    this.#outgoing.push({ bytes: text.length, text });
    after?.();
  }
}

type Fields = Readonly<Record<string, unknown>>;

interface Done {
  result: Result;
  /** Runs right behind the reply. */
  after?: (() => void) | undefined;
}

function done(result: Result): Done {
  return { result };
}

function rpcDone(value: unknown): Done {
  return { result: { method: "rpc", result: { data: JSON.stringify(value) } } };
}

function startResult({
  position,
  wasRecovering,
  recovered,
  missed,
  present,
}: Start): SubscribeResult {
  return { ...position, wasRecovering, recovered, publications: missed, data: present };
}

function channelOf({ channel }: Fields): string {
  if (typeof channel === "string" && channel !== "") return channel;
  throw new Refusal(refusals.badRequest, "no channel");
}

function fieldsOf(value: unknown): Fields | undefined {
  return typeof value === "object" && value !== null ? (value as Fields) : undefined;
}

/** Where the client says it was; one that makes no sense cannot be recovered from. */
function sinceOf(fields: Fields | undefined): Position | undefined {
  if (fields?.["recover"] !== true) return undefined;
  const { epoch, offset } = fields;
  const isOffset =
    offset === undefined || (Number.isSafeInteger(offset) && (offset as number) >= 0);
  if (typeof epoch !== "string" || !isOffset) return { epoch: "_", offset: 0 };
  return { epoch, offset: (offset as number | undefined) ?? 0 };
}
