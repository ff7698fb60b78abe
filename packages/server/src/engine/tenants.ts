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
import { MostPopular } from "../core/rank/metrics/most-popular.ts";
import { Ranker } from "../core/rank/recommend.ts";
import { sourcesOf } from "../core/rank/sources.ts";
import type { ThetaView } from "../core/rank/learned/theta.ts";
import { Models } from "../core/sum/models.ts";
import { EasePace, NewestEase } from "./views/ease.ts";
import { NewestTheta, thetaEveryMsDefault } from "./views/theta.ts";
import { takePiece } from "./checkpoint/stored-catalogue.ts";
import type { Declaration, Declared } from "./declaration.ts";
import type { CataloguePayload } from "./payload.ts";
import type { RankThreads } from "./ranking/threads.ts";
import type { Views } from "./views/thread.ts";

/** Everything that the users of one tenant share: the sums, and what the tenant declared through the log. */
export class Tenant {
  readonly number: number;
  readonly models = new Models();
  readonly #sources = sourcesOf();
  readonly ranker: Ranker;
  readonly mostPopular = new MostPopular(this.#sources.find(({ name }) => name === "popular")!);
  policy: ConsentPolicy = noBasis;
  definitions: Definitions = builtInDefinitions;
  catalogue: Catalogue = Catalogue.empty;
  /** How often something that people did was taken back. */
  erasures = 0;
  #hasChanged = false;
  /** Items of the pieces that were read so far, while a checkpoint is restored. */
  #restored = new Map<string, CatalogueItem>();
  readonly #onCatalogue: CatalogueListener;

  readonly #views: Views | undefined;
  readonly #threads: RankThreads | undefined;
  readonly #ease: NewestEase | undefined;
  readonly #theta: NewestTheta | undefined;

  constructor(
    number: number,
    views: Views | undefined,
    pace: EasePace,
    threads: RankThreads | undefined,
    onCatalogue: CatalogueListener,
  ) {
    this.#onCatalogue = onCatalogue;
    this.number = number;
    this.ranker = new Ranker(this.#sources, number);
    this.#views = views;
    this.#threads = threads;
    this.#ease = views?.hasEase === true ? new NewestEase(views, number, pace) : undefined;
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

  /** Has the weights made of the sums at commit `seq` where it is time. Never in the middle of a commit. */
  refreshTheta(seq: number, now: number): void {
    this.#theta?.refresh(this.models.ranker, seq, now);
  }

  /** And EASE, likewise. */
  refreshEase(seq: number, now: number): void {
    this.#ease?.refresh(this.models.cooccurrence, seq, now);
  }

  /** When EASE was asked for last (ms). */
  get easeAskedAt(): number {
    return this.#ease?.askedAt ?? -Infinity;
  }

  /** Something that a person did was taken back: no view that knew it may speak on. */
  dropViews(): void {
    this.erasures += 1;
    this.#ease?.drop();
    this.#theta?.drop();
  }

  /** Adds to the sums, and to those of the other threads: cell by cell, so that all find its names just looked up. */
  add(contributions: readonly Contribution[]): void {
    for (const contribution of contributions) {
      this.models.add(contribution);
      this.#views?.add(this, contribution);
      this.#threads?.add(this, contribution);
    }
  }

  /** Last added, first subtracted. */
  subtract(contributions: readonly Contribution[]): void {
    for (const contribution of contributions.toReversed()) {
      this.models.subtract(contribution);
      this.#views?.subtract(this, contribution);
      this.#threads?.subtract(this, contribution);
    }
  }

  /** Takes in what the tenant declared through the log. */
  declare(declaration: Declaration): void {
    this.#threads?.declare(this.number, declaration);
    this.#hasChanged = declaration.type !== "restored" && declaration.type !== "items";
    switch (declaration.type) {
      case "policy":
        this.policy = declaration.policy;
        return;
      case "definition":
        this.definitions = defined(this.definitions, declaration.document);
        return;
      case "catalogue":
        this.catalogue = this.catalogue.changed(declaration.change, declaration.at);
        this.ranker.follow(this.catalogue);
        this.#onCatalogue(this, declaration.change);
        return;
      case "items":
        takePiece(this.#restored, declaration.bytes);
        return;
      case "restored": {
        const { policy, definitions, catalogue } = declaration.declared;
        this.policy = policy;
        this.definitions = restoredDefinitions(definitions);
        const { version, items } = catalogue;
        this.catalogue =
          items === undefined
            ? Catalogue.of(version, this.#restored)
            : Catalogue.fromJSON({ version, items });
        this.#restored = new Map();
        this.ranker.follow(this.catalogue);
      }
    }
  }

  /** What was declared, to be stored, if it changed since the last call; without the items. */
  takeDeclared(): Declared | undefined {
    if (!this.#hasChanged) return undefined;
    this.#hasChanged = false;
    const { policy, definitions, catalogue } = this;
    return { policy, definitions, catalogue: { version: catalogue.version } };
  }
}

/** Told of every change of a catalogue, once it was made. */
type CatalogueListener = (tenant: Tenant, change: CataloguePayload) => void;

/** The tenants of an engine, made when a record first names them, all at the same clock hour. */
export class Tenants {
  readonly #tenants = new Map<number, Tenant>();
  readonly #views: Views | undefined;
  readonly #threads: RankThreads | undefined;
  readonly #pace: EasePace;
  clockHour = 0;
  onCatalogue: CatalogueListener | undefined;

  constructor(views?: Views | undefined, pace = new EasePace(), threads?: RankThreads | undefined) {
    this.#views = views;
    this.#pace = pace;
    this.#threads = threads;
  }

  obtain(number: number): Tenant {
    const known = this.#tenants.get(number);
    if (known !== undefined) return known;
    const tenant = new Tenant(number, this.#views, this.#pace, this.#threads, (changed, change) =>
      this.onCatalogue?.(changed, change),
    );
    tenant.models.advance(this.clockHour);
    this.#tenants.set(number, tenant);
    return tenant;
  }

  /** Moves every tenant's windows to the hour of a clock record; an earlier hour changes nothing. */
  advance(hour: number): void {
    if (hour <= this.clockHour) return;
    this.clockHour = hour;
    this.#views?.clock(hour);
    this.#threads?.clock(hour);
    for (const tenant of this.#tenants.values()) tenant.models.advance(hour);
  }

  /** As each tenant does: first the small solves, then a large one, of who has waited for it the longest. */
  refreshViews(seq: number, now: number): void {
    for (const tenant of this.#tenants.values()) tenant.refreshTheta(seq, now);
    if (this.#views?.hasEase !== true || !this.#pace.isFree(now)) return;
    const waiting = this.all().sort((a, b) => (a.easeAskedAt < b.easeAskedAt ? -1 : 1));
    for (const tenant of waiting) tenant.refreshEase(seq, now);
  }

  /** Messages of contributions that the slowest thread has still to take in. */
  get behind(): number {
    return Math.max(this.#views?.behind ?? 0, this.#threads?.behind ?? 0);
  }

  all(): Tenant[] {
    return [...this.#tenants.values()].sort((a, b) => a.number - b.number);
  }
}
