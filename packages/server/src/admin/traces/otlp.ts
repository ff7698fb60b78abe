/**
 * Spans on their way to a collector: OTLP over HTTP in its JSON encoding. The queue is bounded and what finds no
 * place is dropped and counted; nobody ever waits for it, and a collector that is away costs nothing but its
 * own spans.
 */
export interface Span {
  traceId: string;
  spanId: string;
  parentId?: string | undefined;
  traceState?: string | undefined;
  name: string;
  kind: "internal" | "server" | "producer";
  /** Ms since 1970, with fractions. */
  startMs: number;
  endMs: number;
  attributes: Readonly<Record<string, string | number | boolean>>;
  isError?: boolean | undefined;
}

export interface OtlpOptions {
  url: URL;
  /** Says who sends: `service.name` and the like. */
  resource: Readonly<Record<string, string>>;
  /** Told once when the collector is away, and once when it is back. */
  onState?: ((failure: string | undefined) => void) | undefined;
  /** How long spans wait for company, in ms. */
  everyMs?: number | undefined;
}

export const queueSpansMax = 4_096;
const requestSpansMax = 512;
const pauseMsMax = 30_000;
const requestMsMax = 5_000;
/** Statuses after which the standard asks to send again. */
const passing: ReadonlySet<number> = new Set([429, 502, 503, 504]);

export class OtlpExporter {
  readonly #options: OtlpOptions;
  #queue: Span[] = [];
  #timer: NodeJS.Timeout | undefined;
  #sending: Promise<void> | undefined;
  readonly #everyMs: number;
  #pauseMs: number;
  #isAway = false;
  sent = 0;
  dropped = 0;

  constructor(options: OtlpOptions) {
    this.#options = options;
    this.#everyMs = options.everyMs ?? 1_000;
    this.#pauseMs = this.#everyMs;
  }

  add(span: Span): void {
    if (this.#queue.length >= queueSpansMax) {
      this.dropped += 1;
      return;
    }
    this.#queue.push(span);
    this.#timer ??= setTimeout(() => this.#turn(), this.#pauseMs).unref();
  }

  /** Sends what waits, once; what cannot be sent is lost. */
  async close(): Promise<void> {
    clearTimeout(this.#timer);
    await this.#sending;
    while (this.#queue.length > 0) {
      const before = this.sent;
      await this.#send();
      if (this.sent === before) break;
    }
    clearTimeout(this.#timer);
    this.dropped += this.#queue.length;
    this.#queue = [];
  }

  #turn(): void {
    this.#timer = undefined;
    this.#sending ??= this.#send().finally(() => {
      this.#sending = undefined;
      if (this.#queue.length > 0)
        this.#timer ??= setTimeout(() => this.#turn(), this.#pauseMs).unref();
    });
  }

  async #send(): Promise<void> {
    const spans = this.#queue.splice(0, requestSpansMax);
    const failure = await this.#post(spans);
    if (failure === undefined) {
      this.sent += spans.length;
      this.#pauseMs = this.#everyMs;
    } else if (failure.passes) {
      // The newest give way: what stands in the queue is the beginning of its traces.
      const room = queueSpansMax - this.#queue.length;
      this.#queue.unshift(...spans.slice(0, room));
      this.dropped += Math.max(0, spans.length - room);
      this.#pauseMs = Math.min(this.#pauseMs * 2, pauseMsMax);
    } else this.dropped += spans.length;
    const isAway = failure !== undefined;
    if (isAway !== this.#isAway) this.#options.onState?.(failure?.message);
    this.#isAway = isAway;
  }

  async #post(spans: readonly Span[]): Promise<{ message: string; passes: boolean } | undefined> {
    const { url, resource } = this.#options;
    try {
      const response = await fetch(url, {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify(otlpOf(spans, resource)),
        redirect: "error",
        signal: AbortSignal.timeout(requestMsMax),
      });
      await response.arrayBuffer();
      if (response.ok) return undefined;
      const { status } = response;
      return { message: `${url.href} answers ${status}`, passes: passing.has(status) };
    } catch (error) {
      return { message: `${url.href}: ${String(error)}`, passes: true };
    }
  }
}

const kinds = { internal: 1, server: 2, producer: 4 } as const;

/** ExportTraceServiceRequest of the OTLP protocol. */
export function otlpOf(spans: readonly Span[], resource: OtlpOptions["resource"]) {
  const scope = { name: resource["service.name"], version: resource["service.version"] };
  return {
    resourceSpans: [
      {
        resource: { attributes: attributesOf(resource) },
        scopeSpans: [{ scope, spans: spans.map(spanOf) }],
      },
    ],
  };
}

function spanOf(span: Span) {
  const { traceId, spanId, parentId, traceState, name, kind, attributes, isError } = span;
  return {
    traceId,
    spanId,
    parentSpanId: parentId ?? "",
    traceState: traceState ?? "",
    name,
    kind: kinds[kind],
    startTimeUnixNano: nanoseconds(span.startMs),
    endTimeUnixNano: nanoseconds(Math.max(span.startMs, span.endMs)),
    attributes: attributesOf(attributes),
    status: isError === true ? { code: 2 } : {},
  };
}

/** To the microsecond: a double holds no more of a date. */
function nanoseconds(ms: number): string {
  return `${Math.round(ms * 1_000)}000`;
}

function attributesOf(attributes: Span["attributes"]) {
  return Object.entries(attributes).map(([key, value]) => ({ key, value: anyValue(value) }));
}

function anyValue(value: string | number | boolean) {
  if (typeof value === "string") return { stringValue: value };
  if (typeof value === "boolean") return { boolValue: value };
  return Number.isSafeInteger(value) ? { intValue: String(value) } : { doubleValue: value };
}
