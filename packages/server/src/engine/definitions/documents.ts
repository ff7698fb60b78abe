import { randomUUID } from "node:crypto";
import { CodedError } from "@attune/protocol";
import type { RecordInput } from "../../base/record.ts";
import {
  builtInDefinitions,
  defined,
  type DefinitionDocument,
  type Definitions,
  findPlacement,
  type Placement,
} from "../../core/rank/placement.ts";
import { contextReason } from "../../core/rank/adjust/circumstances.ts";
import type { Rule } from "../../core/rank/merchandise/rule.ts";
import { RequestError } from "../../core/rank/request-error.ts";
import { sourcesOf } from "../../core/rank/sources.ts";
import { engineRecord } from "../payload.ts";

/** Where a change of the definitions stands: the version it made, and the position from which answers know it. */
export interface Changed {
  version: number;
  position: string;
}

/** What the documents are read from and written to. */
export interface DefinedEngine {
  append(records: readonly RecordInput[]): Promise<{ position: string }>;
  /** Resolves once `after` is folded. */
  whole(after?: string): Promise<void>;
  position(): string;
  tenant(number: number): { definitions: Definitions };
}

/** A tenant keeps at most so many of each. */
export const documentsMax = Object.freeze({ placements: 100, rules: 200, takedowns: 10_000 });

const sourceNames = sourcesOf().map(({ name }) => name);
/** How much the request's circumstances move a list is a weight, too. */
const weightNames = [...sourceNames, contextReason];

/**
 * The documents of a tenant, read and changed: each change is a record in the log, checked before it is appended,
 * and acknowledged once it is folded, so that whatever is asked then knows it. One change of a tenant at a time.
 */
export class Documents {
  readonly #engine: DefinedEngine;
  readonly #now: () => number;
  readonly #last = new Map<number, Promise<unknown>>();

  constructor(engine: DefinedEngine, now: () => number) {
    this.#engine = engine;
    this.#now = now;
  }

  /** All documents, at `after` or later. */
  async read(tenant: number, after?: string): Promise<Definitions & { position: string }> {
    await this.#engine.whole(after);
    return { ...this.#engine.tenant(tenant).definitions, position: this.#engine.position() };
  }

  async placement(tenant: number, name: string, after?: string): Promise<Placement> {
    const found = findPlacement(await this.read(tenant, after), name);
    if (found === undefined) throw new CodedError("not_found", `There is no placement ${name}.`);
    return found;
  }

  async rule(tenant: number, id: string, after?: string): Promise<Rule> {
    const { rules = {} } = await this.read(tenant, after);
    if (!Object.hasOwn(rules, id)) throw new CodedError("not_found", `There is no rule ${id}.`);
    return rules[id]!;
  }

  /** Throws a RequestError that names the field; a document like the one before makes a version, too. */
  put(tenant: number, document: DefinitionDocument): Promise<Changed> {
    return this.#inTurn(tenant, (definitions) => {
      const next = defined(definitions, document);
      assertSources(document);
      const own = Object.values(next.placements).filter(({ version = 0 }) => version > 0);
      assertCount("placement", own.length, documentsMax.placements);
      assertCount("rule", Object.keys(next.rules ?? {}).length, documentsMax.rules);
      assertCount("itemIds", Object.keys(next.takedowns ?? {}).length, documentsMax.takedowns);
      return document;
    });
  }

  /** Back to what came with the code, or to nothing. */
  removePlacement(tenant: number, name: string): Promise<Changed> {
    return this.#inTurn(tenant, (definitions) => {
      const { version = 0 } = findPlacement(definitions, name) ?? {};
      const isBuiltIn = findPlacement(builtInDefinitions, name) !== undefined;
      const own = isBuiltIn ? "is as it came with the code" : "is none";
      if (version === 0) throw new CodedError("not_found", `The placement ${name} ${own}.`);
      return { kind: "placement", name, isRemoved: true };
    });
  }

  removeRule(tenant: number, id: string): Promise<Changed> {
    return this.#inTurn(tenant, ({ rules = {} }) => {
      if (!Object.hasOwn(rules, id)) throw new CodedError("not_found", `There is no rule ${id}.`);
      return { kind: "rule", id, isRemoved: true };
    });
  }

  /** The item may be shown again. */
  liftTakedown(tenant: number, item: string): Promise<Changed> {
    return this.#inTurn(tenant, ({ takedowns = {} }) => {
      if (!Object.hasOwn(takedowns, item))
        throw new CodedError("not_found", `The item ${item} was not taken down.`);
      return { kind: "takedown", itemIds: [item], isLifted: true };
    });
  }

  #inTurn(tenant: number, make: (now: Definitions) => DefinitionDocument): Promise<Changed> {
    const before = this.#last.get(tenant) ?? Promise.resolve();
    const change = before.then(() => this.#change(tenant, make));
    this.#last.set(
      tenant,
      change.catch(() => undefined),
    );
    return change;
  }

  async #change(tenant: number, make: (now: Definitions) => DefinitionDocument): Promise<Changed> {
    const engine = this.#engine;
    await engine.whole();
    const document = make(engine.tenant(tenant).definitions);
    const where = { tenant, at: this.#now(), id: randomUUID() };
    const { position } = await engine.append([engineRecord("definition", document, where)]);
    await engine.whole(position);
    return { version: engine.tenant(tenant).definitions.version, position };
  }
}

/** A record of an older day may name a source that is no more; a new one may not. */
function assertSources(document: DefinitionDocument): void {
  if (document.kind !== "placement" || "isRemoved" in document) return;
  for (const field of ["sources", "fallback"] as const) {
    const known: readonly string[] = field === "sources" ? weightNames : sourceNames;
    const stray = Object.keys(document[field] ?? {}).find((name) => !known.includes(name));
    if (stray === undefined) continue;
    throw new RequestError(
      `${field}.${stray}`,
      `there is no such source; there are ${known.join(", ")}`,
    );
  }
}

function assertCount(field: string, count: number, max: number): void {
  if (count > max) throw new RequestError(field, `there are ${max} already, which is the most`);
}
