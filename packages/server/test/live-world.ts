/** An engine of lists for tests of the live channel: people, their lists and commits are said by the test. */
import { Channels, type ChannelParts } from "../src/deliver/channels.ts";
import { HubMemory } from "../src/deliver/hub-memory.ts";
import { deliverLimits, type DeliverLimits } from "../src/deliver/limits.ts";
import { type LiveEngine, LiveQueries, type ShownSlot } from "../src/deliver/live.ts";

export interface Person {
  personal: boolean;
  /** Item -> score. */
  scores: Record<string, number>;
}

export class LiveWorld {
  readonly people = new Map<string, Person>();
  readonly stranger: Record<string, number> = { s1: 90, s2: 60, s3: 30 };
  readonly decided: { subject: string | undefined; shown: readonly ShownSlot[] }[] = [];
  readonly failures: unknown[] = [];
  readonly pushedMs: number[] = [];
  /** Subjects that the engine was asked about. */
  readonly asked: string[] = [];
  /** Another value for other items: as the engine has it. */
  takedowns: Readonly<Record<string, unknown>> | undefined;
  /** The event that speaks for every item. */
  because: string | undefined;
  /** A time at which lists are others without any record, ms. */
  border = 0;
  isByScore = true;
  stability = { keepOnScreen: true, gainPermille: 100 };
  now = 1_000_000;
  /** What every preview takes. */
  previewMs = 0;
  elapsed = 0;
  readonly engine = this.#engine();
  readonly hub: HubMemory;
  readonly live: LiveQueries;
  readonly channels: Channels;
  readonly limits: DeliverLimits;
  readonly #folded: Parameters<LiveEngine["onFolded"]>[0][] = [];
  readonly #effects: Parameters<LiveEngine["onEffect"]>[0][] = [];
  #seq = 0;

  constructor(limits: Partial<DeliverLimits> = {}) {
    this.limits = { ...deliverLimits, ...limits };
    let epochs = 0;
    const now = (): number => this.now;
    this.hub = new HubMemory({ ...this.limits, now, newEpoch: () => `e${++epochs}` });
    const { engine } = this;
    this.live = new LiveQueries({
      engine,
      hub: this.hub,
      limits: this.limits,
      now,
      elapsed: () => this.elapsed,
      itemOf: () => undefined,
      takedownsOf: () => this.takedowns,
      hasBorder: (_tenant, after, through) => after < this.border && this.border <= through,
      onPushed: ({ ms }) => this.pushedMs.push(ms),
      onChanged: (query) => this.channels.changed(query),
      onFailed: (error) => this.failures.push(error),
    });
    const parts: ChannelParts = {
      engine,
      hub: this.hub,
      live: this.live,
      limits: this.limits,
      now,
      subjectOf: (_tenant, userId) => `s-${userId}`,
      publicId: (_tenant, id) => `out-${id}`,
    };
    this.channels = new Channels(parts);
  }

  person(userId: string, scores: Record<string, number>): Person {
    const person: Person = { personal: true, scores };
    this.people.set(`s-${userId}`, person);
    return person;
  }

  /** A commit of one tenant's records about these people is folded whole. */
  commit(kind: string, ...userIds: string[]): void {
    this.commitOf(...userIds.map((userId) => [kind, userId] as const));
    if (userIds.length === 0) this.commitOf([kind, undefined]);
  }

  /** The same for records of different kinds. */
  commitOf(...told: (readonly [kind: string, userId: string | undefined])[]): void {
    if (told.length === 0) return;
    this.#seq += 1;
    const receivedAt = this.now - 7;
    const records = told.map(([kind, userId]) => {
      const subject = userId === undefined ? "" : `s-${userId}`;
      return { kind, receivedAt, tenant: 1, subject };
    });
    const bySubject = new Map(records.map((record) => [record.subject, record]));
    bySubject.delete("");
    const users = [...bySubject.values()];
    for (const listener of this.#folded) listener(users, { records });
  }

  effect(userId: string, effect: { type: string; at: number; purpose?: string }): void {
    const entry = { id: "0:1:0", tenant: 1, subject: `s-${userId}`, body: JSON.stringify(effect) };
    for (const listener of this.#effects) listener(entry);
  }

  #named(): { because?: string } {
    return this.because === undefined ? {} : { because: this.because };
  }

  #engine(): LiveEngine & { isWhole: boolean } {
    const engine: LiveEngine & { isWhole: boolean } = {
      onFolded: (listener) => void this.#folded.push(listener),
      onEffect: (listener) => void this.#effects.push(listener),
      isWhole: true,
      whole: async () => {
        engine.isWhole = true;
      },
      preview: (_tenant, subject, { placement, limit }) => {
        this.elapsed += this.previewMs;
        this.asked.push(subject!);
        if (placement !== "home")
          throw Object.assign(new Error("placement: none"), {
            name: "RequestError",
            field: "placement",
          });
        const person = this.people.get(subject!);
        const personal = person?.personal === true;
        const scores = personal ? person.scores : this.stranger;
        const items = Object.entries(scores)
          .filter(([item]) => !Object.hasOwn(this.takedowns ?? {}, item))
          .sort(([, a], [, b]) => b - a)
          .slice(0, limit)
          .map(([item, score]) => ({
            item,
            score,
            propensity: 1,
            reasons: [{ source: "taste", ...this.#named(), share: score }],
          }));
        return {
          items,
          personal,
          isByScore: this.isByScore,
          stability: this.stability,
          sequence: 0,
          decide: (shown) => `d${this.decided.push({ subject, shown: shown ?? [] })}`,
        };
      },
      resolve: (_tenant, subject) => subject,
      position: () => `log.${this.#seq}`,
    };
    return engine;
  }
}
