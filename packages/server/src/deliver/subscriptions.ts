/**
 * The channels that one receiver listens to: opened, recovered, held back until the answer is out, watched for
 * gaps, let go. The same for a socket and for an SSE stream.
 */
import type { Channels, OpenChannel, Person } from "./channels.ts";
import type { Hub, Position, Publication, Subscriber } from "./hub.ts";

export interface SubscriptionParts {
  channels: Channels;
  hub: Hub;
  /** In order, from the answer on. */
  onPublication: (channel: string, publication: Publication) => void;
  /** The channel's history is void; it is let go. */
  onInvalidated: (channel: string) => void;
}

export interface Start {
  /** What to announce: where the receiver stands, and what it missed or how things stand. */
  position: Position;
  wasRecovering: boolean;
  recovered: boolean;
  missed: readonly Publication[];
  /** JSON, unless what was missed says it all. */
  present: string | undefined;
  /** Call when the announcement is out: what came meanwhile follows. */
  go(): void;
}

interface Subscription {
  open: OpenChannel | undefined;
  subscriber: Subscriber;
  /** Publications that came before the announcement was out; undefined from then on. */
  held: Publication[] | undefined;
  /** Last offset handed on. */
  offset: number;
  isBehind: boolean;
}

export class Subscriptions {
  readonly #parts: SubscriptionParts;
  readonly #all = new Map<string, Subscription>();
  #isClosed = false;

  constructor(parts: SubscriptionParts) {
    this.#parts = parts;
  }

  get size(): number {
    return this.#all.size;
  }

  has(name: string): boolean {
    return this.#all.has(name);
  }

  get(name: string): OpenChannel | undefined {
    return this.#all.get(name)?.open;
  }

  names(): string[] {
    return [...this.#all.keys()];
  }

  /** Undefined when the receiver went away meanwhile. Throws what `Channels.open` throws. */
  async add(
    person: Person,
    name: string,
    data: unknown,
    since: Position | undefined,
  ): Promise<Start | undefined> {
    const subscription = this.#prepare(name);
    try {
      const { hub, channels } = this.#parts;
      const open = await channels.open(person, name, data, this);
      subscription.open = open;
      if (this.#all.get(name) !== subscription) {
        open.close();
        return undefined;
      }
      // From here on publications come in, and are held.
      const { position, missed } = await hub.subscribe(open.stream, subscription.subscriber, since);
      const present = missed === undefined ? await open.present() : undefined;
      if (this.#all.get(name) !== subscription) {
        hub.unsubscribe(open.stream, subscription.subscriber);
        return undefined;
      }
      subscription.offset = position.offset;
      const go = (): void => this.#go(name, subscription);
      const recovered = missed !== undefined;
      // In a recovery the client counts from where it was, with each publication it gets.
      const stands = recovered ? since! : position;
      const wasRecovering = since !== undefined;
      return { position: stands, wasRecovering, recovered, missed: missed ?? [], present, go };
    } catch (error) {
      if (this.#all.get(name) === subscription) this.remove(name);
      throw error;
    }
  }

  remove(name: string): void {
    const subscription = this.#all.get(name);
    if (subscription === undefined) return;
    this.#all.delete(name);
    const { open, subscriber } = subscription;
    if (open === undefined) return;
    this.#parts.hub.unsubscribe(open.stream, subscriber);
    open.close();
  }

  /** Lets go of everything and takes nothing more. */
  close(): void {
    this.#isClosed = true;
    for (const name of this.names()) this.remove(name);
  }

  /**
   * Channels that stay behind the top of their stream from one call to the next: a publication must have been
   * lost on the way.
   */
  async behind(): Promise<string[]> {
    const names: string[] = [];
    for (const [name, subscription] of this.#all) {
      if (subscription.open === undefined || subscription.held !== undefined) continue;
      const { offset } = await this.#parts.hub.open(subscription.open.stream);
      if (offset <= subscription.offset) subscription.isBehind = false;
      else if (subscription.isBehind) names.push(name);
      else subscription.isBehind = true;
    }
    return names;
  }

  #prepare(name: string): Subscription {
    const subscription: Subscription = {
      open: undefined,
      held: [],
      offset: 0,
      isBehind: false,
      subscriber: {
        onPublication: (publication) => {
          if (subscription.held === undefined) this.#pass(name, subscription, publication);
          else subscription.held.push(publication);
        },
        onInvalidated: () => {
          if (this.#all.get(name) !== subscription) return;
          this.remove(name);
          this.#parts.onInvalidated(name);
        },
      },
    };
    if (!this.#isClosed) this.#all.set(name, subscription);
    return subscription;
  }

  #go(name: string, subscription: Subscription): void {
    const held = subscription.held ?? [];
    subscription.held = undefined;
    for (const publication of held) this.#pass(name, subscription, publication);
  }

  #pass(name: string, subscription: Subscription, publication: Publication): void {
    // What the announcement held already.
    if (publication.offset <= subscription.offset) return;
    subscription.offset = publication.offset;
    this.#parts.onPublication(name, publication);
  }
}
