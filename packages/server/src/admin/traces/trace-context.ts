/**
 * The headers by which a request belongs to a trace that began elsewhere (W3C Trace Context). What does not
 * follow the standard to the letter is as if it were not there: a foreign header never fails a request.
 */
import { randomBytes } from "node:crypto";

export interface TraceContext {
  /** 32 hex digits. */
  traceId: string;
  /** The caller's span, 16 hex digits. */
  spanId: string;
  /** Whether the caller records this trace. */
  isSampled: boolean;
}

const pattern = /^([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?$/;

export function readTraceparent(header: unknown): TraceContext | undefined {
  const match = typeof header === "string" ? pattern.exec(header) : null;
  if (match === null) return undefined;
  const [, version, traceId, spanId, flags, more] = match;
  // A later version may say more behind the flags; the first one may not.
  if (version === "ff" || (version === "00" && more !== undefined)) return undefined;
  if (/^0+$/.test(traceId!) || /^0+$/.test(spanId!)) return undefined;
  return {
    traceId: traceId!,
    spanId: spanId!,
    isSampled: (Number.parseInt(flags!, 16) & 1) === 1,
  };
}

/** What the standard asks everybody to carry at least. */
const stateUnitsMax = 512;

export function readTracestate(header: unknown): string | undefined {
  return typeof header === "string" && header !== "" && header.length <= stateUnitsMax
    ? header
    : undefined;
}

export const newTraceId = (): string => randomBytes(16).toString("hex");
export const newSpanId = (): string => randomBytes(8).toString("hex");
