import { type ConsentPolicy, noBasis } from "../core/fold/consent.ts";
import type { Contribution } from "../core/fold/contribution.ts";
import { Catalogue, type CatalogueItem } from "../core/rank/catalogue.ts";
import type { EaseView } from "../core/rank/ease.ts";
import {
  builtInDefinitions,
  defined,
  type Definitions,
  restoredDefinitions,
} from "../core/rank/placement.ts";
import { Ranker } from "../core/rank/recommend.ts";
import type { ThetaView } from "../core/rank/learned/theta.ts";
import { Models } from "../core/sum/models.ts";
import { easeEveryMsDefault, NewestEase } from "./views/ease.ts";
import { NewestTheta, thetaEveryMsDefault } from "./views/theta.ts";
import type { CataloguePayload } from "./payload.ts";
import type { Views } from "./views/thread.ts";

/** What a tenant declared through the log, as a checkpoint stores it. */
export interface Declared {
  policy: ConsentPolicy;
  definitions: Definitions;
  catalogue: { version: number; items: readonly CatalogueItem[] };
}

/** Everything that the users of one tenant share: the sums, and what the tenant declared through the log. */
export class Tenant {
  readonly number: number;
  readonly models = new Models();
  readonly ranker = new Ranker();
  policy: ConsentPolicy = noBasis;
  definitions: Definitions = builtInDefinitions;
  catalogue: Catalogue = Catalogue.empty;
  #hasChanged = false;

  readonly #views: Views | undefined;
  readonly #ease: NewestEase | undefined;
  readonly #theta: NewestTheta | undefined;

  constructor(number: number, views: Views | undefined, easeEveryMs: number) {
    this.number = number;
    this.#views = views;
    this.#ease = views?.isWhole === true ? new NewestEase(views, number, easeEveryMs) : undefined;
    this.#theta =
      views === undefined ? undefined : new NewestTheta(views, number, thetaEveryMsDefault);
  }

  /** The newest view of long-term taste, if there is one. */
  get ease(): EaseView | undefined {
    return this.#ease?.view;
  }

  /** The newest weights of the ranker, if there are any. */
  get theta(): ThetaView | undefined {
    return this.#theta?.view;
  }

  /** Has views made of the sums at commit `seq` where it is time. Never in the middle of a commit. */
  refreshViews(seq: number, now: number): void {
    this.#ease?.refresh(this.models.cooccurrence, seq, now);
    this.#theta?.refresh(this.models.ranker, seq, now);
  }

  /** Something that a person did was taken back: no view that knew it may speak on. */
  dropViews(): void {
    this.#ease?.drop();
    this.#theta?.drop();
  }

  /** Adds to the sums, and to those of the view thread. */
  add(contributions: readonly Contribution[]): void {
    this.models.addAll(contributions);
    this.#views?.add(this.number, contributions);
  }

  subtract(contributions: readonly Contribution[]): void {
    this.models.subtractAll(contributions);
    this.#views?.subtract(this.number, contributions);
  }

  setPolicy(policy: ConsentPolicy): void {
    this.policy = policy;
    this.#hasChanged = true;
  }

  define(document: unknown): void {
    this.definitions = defined(this.definitions, document);
    this.#hasChanged = true;
  }

  changeCatalogue(change: CataloguePayload, at: number): void {
    this.catalogue = this.catalogue.changed(change, at);
    this.ranker.follow(this.catalogue);
    this.#hasChanged = true;
  }

  /** What changed since the last call, to be stored; undefined when nothing did. */
  takeDeclared(): Declared | undefined {
    if (!this.#hasChanged) return undefined;
    this.#hasChanged = false;
    const { policy, definitions, catalogue } = this;
    return { policy, definitions, catalogue: catalogue.toJSON() };
  }

  restoreDeclared({ policy, definitions, catalogue }: Declared): void {
    this.policy = policy;
    this.definitions = restoredDefinitions(definitions);
    this.catalogue = Catalogue.fromJSON(catalogue);
    this.ranker.follow(this.catalogue);
  }
}

/** The tenants of an engine, made when a record first names them, all at the same clock hour. */
export class Tenants {
  readonly #tenants = new Map<number, Tenant>();
  readonly #views: Views | undefined;
  readonly #easeEveryMs: number;
  clockHour = 0;

  constructor(views?: Views | undefined, easeEveryMs: number = easeEveryMsDefault) {
    this.#views = views;
    this.#easeEveryMs = easeEveryMs;
  }

  obtain(number: number): Tenant {
    const known = this.#tenants.get(number);
    if (known !== undefined) return known;
    const tenant = new Tenant(number, this.#views, this.#easeEveryMs);
    tenant.models.advance(this.clockHour);
    this.#tenants.set(number, tenant);
    return tenant;
  }

  /** Moves every tenant's windows to the hour of a clock record; an earlier hour changes nothing. */
  advance(hour: number): void {
    if (hour <= this.clockHour) return;
    this.clockHour = hour;
    this.#views?.clock(hour);
    for (const tenant of this.#tenants.values()) tenant.models.advance(hour);
  }

  /** As each tenant does. */
  refreshViews(seq: number, now: number): void {
    for (const tenant of this.#tenants.values()) tenant.refreshViews(seq, now);
  }

  all(): Tenant[] {
    return [...this.#tenants.values()].sort((a, b) => a.number - b.number);
  }
}
