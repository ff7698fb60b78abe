import { noPolicy, type Policy } from "../core/fold/consent.ts";
import { Catalogue } from "../core/rank/catalogue.ts";
import { builtInDefinitions, type Definitions, defined } from "../core/rank/placement.ts";
import { Ranker } from "../core/rank/recommend.ts";
import { Models } from "../core/sum/models.ts";
import type { CataloguePayload } from "./payload.ts";

/** Everything that the users of one tenant share: the sums, and what the tenant declared through the log. */
export class Tenant {
  readonly number: number;
  readonly models = new Models();
  readonly ranker = new Ranker();
  policy: Policy = noPolicy;
  definitions: Definitions = builtInDefinitions;
  catalogue: Catalogue = Catalogue.empty;
  /** Parts that changed since the last checkpoint. */
  readonly changed = new Set<"policy" | "definitions" | "catalogue">();

  constructor(number: number) {
    this.number = number;
  }

  setPolicy(policy: Policy): void {
    this.policy = policy;
    this.changed.add("policy");
  }

  setDefinition(document: unknown): void {
    this.definitions = defined(this.definitions, document);
    this.changed.add("definitions");
  }

  changeCatalogue(change: CataloguePayload): void {
    this.catalogue = this.catalogue.changed(change);
    this.changed.add("catalogue");
  }
}

/** The tenants of an engine, made when a record first names them, all at the same clock hour. */
export class Tenants {
  readonly #tenants = new Map<number, Tenant>();
  clockHour = 0;

  obtain(number: number): Tenant {
    const known = this.#tenants.get(number);
    if (known !== undefined) return known;
    const tenant = new Tenant(number);
    tenant.models.advance(this.clockHour);
    this.#tenants.set(number, tenant);
    return tenant;
  }

  find(number: number): Tenant | undefined {
    return this.#tenants.get(number);
  }

  /** Moves every tenant's windows to the hour of a clock record; an earlier hour changes nothing. */
  advance(hour: number): void {
    if (hour <= this.clockHour) return;
    this.clockHour = hour;
    for (const tenant of this.#tenants.values()) tenant.models.advance(hour);
  }

  all(): Tenant[] {
    return [...this.#tenants.values()].sort((a, b) => a.number - b.number);
  }
}
