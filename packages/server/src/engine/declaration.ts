import type { ConsentPolicy } from "../core/fold/consent.ts";
import type { CatalogueItem } from "../core/rank/catalogue.ts";
import type { Definitions } from "../core/rank/placement.ts";
import type { CataloguePayload } from "./payload.ts";

/** What a tenant declared through the log, as a checkpoint stores it. */
export interface Declared {
  policy: ConsentPolicy;
  definitions: Definitions;
  catalogue: { version: number; items: readonly CatalogueItem[] };
}

/** What a tenant declares, as its own thread and every ranking thread take it in. */
export type Declaration =
  | { type: "policy"; policy: ConsentPolicy }
  | { type: "definition"; document: unknown }
  | { type: "catalogue"; change: CataloguePayload; at: number }
  | { type: "restored"; declared: Declared };
