import type { FilterTerm } from "@attune/protocol";
import { OldestFirst } from "../../../base/oldest-first.ts";
import type { Expression } from "./expression.ts";
import { parsed } from "./parse.ts";
import { type Asker, bound, type Predicate } from "./predicate.ts";
import { filterOf } from "./terms.ts";

/** Texts that are kept parsed; requests may bring ever new ones. */
const keptMax = 256;

/**
 * Filters made ready for a request, each text parsed once. Owned by a ranker: what it keeps shows in nothing but
 * time.
 */
export class Filters {
  /** The longest unused first. */
  readonly #parsed = new OldestFirst<string, Expression>();
  /** Filters of documents, which are there as long as the document is. */
  readonly #ofDocuments = new WeakMap<object, Expression>();

  /** Of a request: a text, or a list of terms that must all hold. Throws a RequestError. */
  ofRequest(
    filter: string | readonly FilterTerm[] | undefined,
    asker: Asker,
  ): Predicate | undefined {
    if (filter === undefined || filter.length === 0) return undefined;
    if (typeof filter !== "string") return filterOf(filter);
    const known = this.#parsed.get(filter) ?? parsed(filter);
    this.#parsed.set(filter, known);
    if (this.#parsed.size > keptMax) this.#parsed.dropOldest();
    return bound(known, asker);
  }

  /** Of a document, which was checked when it was made. */
  ofDocument(document: { filter?: string | undefined }, asker: Asker): Predicate | undefined {
    const { filter } = document;
    if (filter === undefined) return undefined;
    let expression = this.#ofDocuments.get(document);
    if (expression === undefined) {
      expression = parsed(filter);
      this.#ofDocuments.set(document, expression);
    }
    return bound(expression, asker);
  }
}
