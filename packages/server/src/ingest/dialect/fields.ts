/** Fields that every dialect reads alike: ids, times, whole numbers. Each gives a value, nothing, or a refusal. */
import { purposes, type Purpose } from "@attune/protocol";
import { isLonger, type JsonObject, type Refusal } from "../json.ts";
import type { IngestLimits } from "../limits.ts";

/** First refusal met while the fields of one event are read; later ones are not of interest. */
export class Fields {
  refusal: Refusal | undefined;
  readonly #limits: IngestLimits;

  constructor(limits: IngestLimits) {
    this.#limits = limits;
  }

  refuse(field: string, detail: string): undefined {
    this.refusal ??= { code: "event_invalid", field, detail };
    return undefined;
  }

  /** An id: text, or a number (some clients send one). Blank text is the same as none. */
  id(value: unknown, field: string): string | undefined {
    if (value === undefined || value === null) return undefined;
    if (typeof value === "number") return String(value);
    if (typeof value !== "string") return this.refuse(field, "an id is text");
    if (value.trim() === "") return undefined;
    if (isLonger(value, this.#limits.idBytesMax)) {
      return this.refuse(field, `longer than idBytesMax ${this.#limits.idBytesMax}`);
    }
    return value;
  }

  object(value: unknown, field: string): JsonObject {
    if (value === undefined || value === null) return {};
    if (typeof value === "object" && !Array.isArray(value)) return value as JsonObject;
    this.refuse(field, "must be an object");
    return {};
  }

  /** A time as ISO 8601 text or as whole milliseconds since 1970. */
  time(value: unknown, field: string): number | undefined {
    if (value === undefined || value === null || value === "") return undefined;
    const at = timeOf(value);
    if (at === undefined) {
      return this.refuse(field, "must be an ISO 8601 time with a zone, or milliseconds since 1970");
    }
    return at;
  }

  /** A whole number from -limit to limit, also as text. */
  integer(value: unknown, field: string, limit: number): number | undefined {
    if (value === undefined || value === null || value === "") return undefined;
    const number = typeof value === "string" ? Number(value) : value;
    if (typeof number === "number" && Number.isInteger(number) && Math.abs(number) <= limit) {
      return number + 0;
    }
    return this.refuse(field, `must be a whole number from ${-limit} to ${limit}`);
  }

  purpose(value: unknown, field: string): Purpose | undefined {
    if (purposes.includes(value as Purpose)) return value as Purpose;
    return this.refuse(field, `must be one of ${purposes.join(", ")}`);
  }
}

/** A strength that a source states itself stays within these bounds. */
export const strengthMax = 100;

const eventAtMax = 7_258_118_400_000; // the year 2200
const isoTime = /^\d{4}-\d{2}-\d{2}([T ]\d{2}:\d{2}(:\d{2}(\.\d{1,9})?)?(Z|[+-]\d{2}:?\d{2})?)?$/i;

/** Milliseconds since 1970 of a time from 1970 to 2200; text without a zone is UTC. */
export function timeOf(value: unknown): number | undefined {
  if (typeof value === "number") return inRange(value) ? Math.floor(value) : undefined;
  if (typeof value !== "string") return undefined;
  const usual = usualTimeOf(value);
  if (usual !== undefined) return inRange(usual) ? usual : undefined;
  const match = isoTime.exec(value.trim());
  if (match === null) return undefined;
  const zoned = match[1] === undefined || match[4] !== undefined;
  const at = Date.parse(zoned ? value.trim() : `${value.trim()}Z`);
  return inRange(at) ? at : undefined;
}

/** `2026-06-01T10:00:00.000Z`, as every client prints it: half the cost of an expression and the platform's parser. */
function usualTimeOf(text: string): number | undefined {
  if (text.length !== 24 || text[10] !== "T" || text[19] !== "." || text[23] !== "Z")
    return undefined;
  if (text[4] !== "-" || text[7] !== "-" || text[13] !== ":" || text[16] !== ":") return undefined;
  const year = digits(text, 0, 4);
  const month = digits(text, 5, 2);
  const day = digits(text, 8, 2);
  const hour = digits(text, 11, 2);
  const minute = digits(text, 14, 2);
  const second = digits(text, 17, 2);
  const ms = digits(text, 20, 3);
  // NaN is in no range. The ends of months are left to the platform.
  const isDate = year >= 1970 && month >= 1 && month <= 12 && day >= 1 && day <= 28;
  if (!isDate || !(hour <= 23 && minute <= 59 && second <= 59 && ms <= 999)) return undefined;
  return Date.UTC(year, month - 1, day, hour, minute, second, ms);
}

function digits(text: string, from: number, count: number): number {
  let value = 0;
  for (let i = from; i < from + count; i++) {
    const digit = text.charCodeAt(i) - 0x30;
    if (digit < 0 || digit > 9) return NaN;
    value = value * 10 + digit;
  }
  return value;
}

function inRange(at: number): boolean {
  return at >= 0 && at <= eventAtMax;
}

/**
 * Seconds or milliseconds since 1970 as text, or ISO 8601. Plain numbers below 1e11 are seconds: that many
 * milliseconds would be the spring of 1973, that many seconds the year 5138. ` UTC` at the end is how warehouses
 * export times.
 */
export function fileTimeOf(text: string): number | undefined {
  const trimmed = text.trim();
  if (!/^\d{1,15}(\.\d{1,9})?$/.test(trimmed)) return timeOf(trimmed.replace(/ UTC$/, "Z"));
  const number = Number(trimmed);
  return timeOf(number < 1e11 ? Math.round(number * 1000) : number);
}
