import type { ConsentPolicy } from "../core/fold/consent.ts";
import type { CatalogueItem } from "../core/rank/catalogue.ts";
import type { Definitions } from "../core/rank/placement.ts";
import type { CataloguePayload } from "./payload.ts";

/** What a tenant declared through the log, as a checkpoint stores it. */
export interface Declared {
  policy: ConsentPolicy;
  definitions: Definitions;
  /** The items stand in pieces, with so many `entries` in all; a checkpoint of an older day has them here. */
  catalogue: {
    version: number;
    entries?: number | undefined;
    items?: readonly CatalogueItem[] | undefined;
  };
}

/** What a tenant declares, as its own thread and every ranking thread take it in. */
export type Declaration =
  | { type: "policy"; policy: ConsentPolicy }
  | { type: "definition"; document: unknown }
  | { type: "catalogue"; change: CataloguePayload; at: number }
  /** A stored piece of the catalogue; all of them, in their order, come before what was declared else. */
  | { type: "items"; bytes: Uint8Array }
  | { type: "restored"; declared: Declared };
