/** What the write door over HTTP needs of the rest; who opens it joins it to keys, engine and disk. */
import type { Credential } from "../access/keys.ts";
import type { RecordInput } from "../base/record.ts";
import type { AppendResult } from "../log/log.ts";
import type { Door } from "./accept.ts";
import type { DeadLetters } from "./dead-letters/store.ts";
import type { AdmissionLimits } from "./http/admission.ts";
import type { VerifyToken } from "./http/proof.ts";
import type { IngestLimits } from "./limits.ts";
import type { MappingChange } from "./mapping-table.ts";

export interface ItemLimits {
  itemLineBytesMax: number;
  itemsPerStreamMax: number;
}

export interface Item {
  id: string;
  attributes: Readonly<Record<string, unknown>>;
}

/** The catalogue of a tenant as answers see it. */
export interface ItemSource {
  get(tenant: number, id: string): Item | undefined | Promise<Item | undefined>;
  /** In order of their ids in code units, those behind `after` first. */
  list(
    tenant: number,
    limit: number,
    after: string | undefined,
  ): readonly Item[] | Promise<readonly Item[]>;
}

/** What each tenant's own names mean; a change is on the disk when `set` returns. */
export interface MappingSource {
  get(tenant: number): MappingChange | undefined;
  set(tenant: number, change: MappingChange): void;
}

export type IngestDoorLimits = IngestLimits & AdmissionLimits & ItemLimits;

export interface IngestParts {
  /** Whose key it is; nothing for one that opens nothing. */
  findKey(secret: string): Credential | undefined;
  /** Rejects with `token_expired` or another CodedError. */
  verifyToken: VerifyToken;
  /** Called for every request: must be cheap. `claimed` for public keys, `verified` for all others. */
  door(credential: Credential): Door;
  /**
   * Resolves when the records are durable and rejects with LogUnavailableError when they may not be. `request` is
   * the raw one that brought them, for traces.
   */
  append(records: readonly RecordInput[], request?: object): Promise<AppendResult>;
  /** Bytes accepted but not durable yet. */
  backlogBytes(): number;
  /** Why nothing at all can be taken (keys are loading, the process stops); undefined when all is well. */
  notReady(): string | undefined;
  now(): number;
  /** 0 <= x < 1; scatters the seconds of `Retry-After`. */
  chance(): number;
  limits: IngestDoorLimits;
  deadLetters: DeadLetters;
  items: ItemSource;
  mapping: MappingSource;
  /** What clients call this server by, such as `https://attune.example`; the Host header decides otherwise. */
  publicUrl?: string | undefined;
  /** Told of every batch that was taken or refused for load. */
  observe?: ((outcome: IngestOutcome) => void) | undefined;
}

export interface IngestOutcome {
  status: 200 | 429;
  accepted: number;
  duplicates: number;
  dropped: number;
  /** From the first byte that was looked at to the answer. */
  ms: number;
}
