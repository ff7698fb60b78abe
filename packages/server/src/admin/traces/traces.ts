/**
 * One trace from an event to the screen: the request that brought it, the append, the fold of its commit, the
 * lists made again for its person, and the push that tells them. Spans name routes, counts and positions, never
 * a person or an item. Nothing here is on any path unless traces are configured, and it decides nothing.
 */
import { SecondLimit } from "../../base/second-limit.ts";
import { type Span } from "./otlp.ts";
import { newSpanId, newTraceId, readTraceparent, readTracestate } from "./trace-context.ts";

/** What identifies a record across the log. */
export interface TracedRecord {
  tenant: number;
  subject: string;
  source: string;
  messageHash: string;
}

export interface TracesParts {
  add(span: Span): void;
  /** Of a thousand requests that no caller decided about. */
  samplePermille: number;
  /** Traces a second at most, whoever asks for them. */
  perSMax: number;
  /** Ms since 1970, with fractions. */
  now(): number;
  /** 0 <= x < 1. */
  chance(): number;
}

type Attributes = Record<string, string | number | boolean>;

/** Records under way to the log that a commit is still to tell of. */
const pendingMax = 50_000;
/** A batch of many people is one trace; beyond these its pushes are counted by the metrics alone. */
const peopleMax = 32;

/** A request, from its arrival on. */
export class Trace {
  readonly traceId: string;
  readonly spanId = newSpanId();
  readonly #add: (span: Span) => void;
  readonly #parentId: string | undefined;
  readonly #traceState: string | undefined;
  readonly startMs: number;

  constructor(
    add: (span: Span) => void,
    startMs: number,
    from?: { traceId: string; spanId: string },
    traceState?: string,
  ) {
    this.#add = add;
    this.startMs = startMs;
    this.traceId = from?.traceId ?? newTraceId();
    this.#parentId = from?.spanId;
    this.#traceState = traceState;
  }

  /** The request's own span; last of all in a request, yet pushes may come later. */
  end(name: string, endMs: number, attributes: Attributes, isError = false): void {
    const { traceId, spanId, startMs } = this;
    const [parentId, traceState] = [this.#parentId, this.#traceState];
    const own = { traceId, spanId, parentId, traceState, name, startMs, endMs };
    this.#add({ ...own, kind: "server", attributes, isError });
  }

  /** A span inside; returns its id for those inside of it. */
  inside(span: Omit<Span, "traceId" | "spanId" | "traceState">): string {
    const spanId = newSpanId();
    const { traceId } = this;
    this.#add({ parentId: this.spanId, ...span, traceId, spanId, traceState: this.#traceState });
    return spanId;
  }
}

interface Append {
  trace: Trace;
  startMs: number;
  people: Set<string>;
}

/** A commit from its durability to the end of its fold. */
interface Folding {
  seq: number;
  records: number;
  startMs: number;
  appends: Set<Append>;
}

export class Traces {
  readonly #parts: TracesParts;
  readonly #pending = new Map<string, Append>();
  readonly #folding = new Map<number, Folding>();
  /** Who the commit of this turn changed -> the spans that a list of theirs comes from. */
  readonly #told = new Map<string, { trace: Trace; foldId: string }[]>();
  /** Whoever sends the header asks for a recording: the limit keeps that from being a way to flood. */
  readonly #begun: SecondLimit;

  constructor(parts: TracesParts) {
    this.#parts = parts;
    this.#begun = new SecondLimit(parts.perSMax, () => parts.now());
  }

  now(): number {
    return this.#parts.now();
  }

  /** The trace of a request, or nothing when this one is not recorded. */
  begin(headers: Readonly<Record<string, unknown>> = {}): Trace | undefined {
    const { chance, samplePermille, now, add } = this.#parts;
    const from = readTraceparent(headers["traceparent"]);
    const isWanted = from?.isSampled ?? chance() * 1_000 < samplePermille;
    if (!isWanted || !this.#begun.take()) return undefined;
    return new Trace(add, now(), from, from && readTracestate(headers["tracestate"]));
  }

  /** Appends by way of `append`; what becomes of the records belongs to the trace. */
  async append<R extends TracedRecord, T>(
    trace: Trace,
    records: readonly R[],
    append: (records: readonly R[]) => Promise<T>,
  ): Promise<T> {
    const one: Append = { trace, startMs: this.now(), people: new Set() };
    const keys = records.map(keyOf);
    if (this.#pending.size + keys.length > pendingMax) return append(records);
    for (const key of keys) this.#pending.set(key, one);
    try {
      return await append(records);
    } finally {
      // Duplicates and what failed: no commit will tell of them.
      for (const key of keys) if (this.#pending.get(key) === one) this.#pending.delete(key);
    }
  }

  /** A commit is durable and about to be folded. */
  committed({ seq, records }: { seq: number; records: readonly TracedRecord[] }): void {
    if (this.#pending.size === 0) return;
    const startMs = this.now();
    const appends = new Set<Append>();
    for (const record of records) {
      const key = keyOf(record);
      const append = this.#pending.get(key);
      if (append === undefined) continue;
      this.#pending.delete(key);
      appends.add(append);
      if (append.people.size < peopleMax) append.people.add(personKey(record));
    }
    if (appends.size === 0) return;
    for (const { trace, startMs: from } of appends) {
      const attributes = { "attune.commit.seq": seq, "attune.commit.records": records.length };
      trace.inside({ name: "append", kind: "internal", startMs: from, endMs: startMs, attributes });
    }
    this.#folding.set(seq, { seq, records: records.length, startMs, appends });
  }

  /** The commit is folded whole. Until the next one, lists that change do so because of it. */
  folded({ seq }: { seq: number }): void {
    if (this.#told.size > 0) this.#told.clear();
    const folding = this.#folding.get(seq);
    if (folding === undefined) return;
    this.#folding.delete(seq);
    const endMs = this.now();
    const attributes = { "attune.commit.seq": seq, "attune.commit.records": folding.records };
    for (const { trace, people } of folding.appends) {
      const { startMs } = folding;
      const foldId = trace.inside({ name: "fold", kind: "internal", startMs, endMs, attributes });
      for (const person of people) {
        const told = this.#told.get(person);
        if (told === undefined) this.#told.set(person, [{ trace, foldId }]);
        else told.push({ trace, foldId });
      }
    }
  }

  /**
   * Lists of this person were made again in the turn of the commit, which took `ms`, and are others now. What it
   * returns is to be called when the frames that say so are written.
   */
  listed(person: { tenant: number; subject: string }, ms: number): (() => void) | undefined {
    const told = this.#told.get(personKey(person));
    if (told === undefined) return undefined;
    const madeMs = this.now();
    const pushes = told.map(({ trace, foldId }) => {
      const span = { kind: "internal", startMs: madeMs - ms, endMs: madeMs } as const;
      const listId = trace.inside({ name: "live list", ...span, parentId: foldId, attributes: {} });
      return { trace, listId };
    });
    return () => {
      const endMs = this.now();
      for (const { trace, listId } of pushes) {
        const span = { kind: "producer", startMs: madeMs, endMs } as const;
        trace.inside({ name: "push", ...span, parentId: listId, attributes: {} });
      }
    };
  }
}

function keyOf({ tenant, source, messageHash }: TracedRecord): string {
  return `${tenant} ${source} ${messageHash}`;
}

function personKey({ tenant, subject }: { tenant: number; subject: string }): string {
  return `${tenant}/${subject}`;
}
