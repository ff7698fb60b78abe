/**
 * JSON from strangers: one event's text becomes a plain value within the limits, or a refusal that names the
 * field. Also cuts a batch into the texts of its events, so that an event that is no JSON costs only itself.
 * Nothing here throws.
 */
import type { ErrorCode } from "@attune/protocol";
import type { IngestLimits } from "./limits.ts";

export interface Refusal {
  code: ErrorCode;
  /** Path of the field at fault, such as `properties.price`; absent when it is the whole. */
  field?: string | undefined;
  detail: string;
}

export type JsonObject = Record<string, unknown>;

export function isObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** The text of one event as a cleaned object. */
export function parseEvent(
  text: string,
  limits: IngestLimits,
): { value: JsonObject } | { refusal: Refusal } {
  if (isLonger(text, limits.eventBytesMax)) {
    const bytes = Buffer.byteLength(text);
    const detail = `the event has ${bytes} bytes, eventBytesMax is ${limits.eventBytesMax}`;
    return { refusal: { code: "event_too_large", detail } };
  }
  const excess = text.length > harmlessUnits ? excessOf(text, limits) : undefined;
  if (excess !== undefined) return { refusal: { code: "event_too_large", detail: excess } };
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch {
    return { refusal: { code: "json_invalid", detail: "the event is no JSON" } };
  }
  if (!isObject(parsed)) {
    return { refusal: { code: "json_invalid", detail: "the event is no JSON object" } };
  }
  if (new Inspector(limits).isClean(parsed, 1)) return { value: parsed };
  const cleaner = new Cleaner(limits);
  const value = cleaner.clean(parsed, "", 1) as JsonObject;
  return cleaner.refusal === undefined ? { value } : { refusal: cleaner.refusal };
}

/** The parser takes anything of this size in a few microseconds; what is in it is looked at afterwards. */
const harmlessUnits = 2_048;

/**
 * What the brackets and colons alone say is too much, before anything is parsed: the parser builds whatever
 * depth it is given, and a million levels hold it up for half a second. Broken JSON is left to the parser.
 */
function excessOf(text: string, limits: IngestLimits): string | undefined {
  const { jsonDepthMax, jsonKeysMax } = limits;
  let depth = 0;
  let keys = 0;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code === quote) {
      i = textEnd(text, i);
      if (i < 0) return undefined;
    } else if (code === openBrace || code === openBracket) {
      depth += 1;
      if (depth > jsonDepthMax) return `deeper than jsonDepthMax ${jsonDepthMax}`;
    } else if (code === closeBrace || code === closeBracket) {
      depth -= 1;
    } else if (code === colon) {
      keys += 1;
      if (keys > jsonKeysMax) return `more keys than jsonKeysMax ${jsonKeysMax}`;
    }
  }
  return undefined;
}

/** Lone surrogates become U+FFFD and NUL goes: neither survives every store and every terminal. */
export function cleanText(text: string): string {
  return (text.includes("\0") ? text.replaceAll("\0", "") : text).toWellFormed();
}

const forbiddenKeys = new Set(["__proto__", "constructor", "prototype"]);

/**
 * Whether a parsed value is within the limits and clean as it stands, as nearly all are: then it need not be
 * copied. It says no more than that; what is wrong, and where, the cleaner says.
 */
class Inspector {
  #keys = 0;
  readonly #limits: IngestLimits;

  constructor(limits: IngestLimits) {
    this.#limits = limits;
  }

  isClean(value: unknown, depth: number): boolean {
    if (typeof value === "string") return this.#isCleanText(value);
    if (typeof value === "number") return Number.isFinite(value);
    if (typeof value !== "object" || value === null) return true;
    if (depth > this.#limits.jsonDepthMax) return false;
    if (!Array.isArray(value)) return this.#isCleanObject(value as JsonObject, depth);
    for (const entry of value) if (!this.isClean(entry, depth + 1)) return false;
    return true;
  }

  #isCleanObject(value: JsonObject, depth: number): boolean {
    const { jsonKeysMax, objectKeysMax, idBytesMax } = this.#limits;
    let keys = 0;
    for (const key in value) {
      keys += 1;
      if (key.length * 3 > idBytesMax || forbiddenKeys.has(key) || !isPlain(key)) return false;
      if (!this.isClean(value[key], depth + 1)) return false;
    }
    this.#keys += keys;
    return keys <= objectKeysMax && this.#keys <= jsonKeysMax;
  }

  #isCleanText(text: string): boolean {
    return text.length * 3 <= this.#limits.textBytesMax && isPlain(text);
  }
}

function isPlain(text: string): boolean {
  return text.isWellFormed() && !text.includes("\0");
}

/** Copies a parsed value within the limits; after the first refusal the rest is not looked at. */
class Cleaner {
  refusal: Refusal | undefined;
  #keys = 0;
  readonly #limits: IngestLimits;

  constructor(limits: IngestLimits) {
    this.#limits = limits;
  }

  clean(value: unknown, path: string, depth: number): unknown {
    if (this.refusal !== undefined) return undefined;
    if (typeof value === "string") return this.#text(value, path);
    if (typeof value === "number" && !Number.isFinite(value)) {
      return this.#refuse("event_invalid", path, "the number is too large");
    }
    if (typeof value !== "object" || value === null) return value;
    if (depth > this.#limits.jsonDepthMax) {
      return this.#refuse(
        "event_too_large",
        path,
        `deeper than jsonDepthMax ${this.#limits.jsonDepthMax}`,
      );
    }
    if (Array.isArray(value)) {
      return value.map((entry, i) => this.clean(entry, `${path}[${i}]`, depth + 1));
    }
    return this.#object(value as JsonObject, path, depth);
  }

  #object(value: JsonObject, path: string, depth: number): unknown {
    const keys = Object.keys(value);
    this.#keys += keys.length;
    const { jsonKeysMax, objectKeysMax, idBytesMax } = this.#limits;
    if (this.#keys > jsonKeysMax) {
      return this.#refuse("event_too_large", path, `more keys than jsonKeysMax ${jsonKeysMax}`);
    }
    if (keys.length > objectKeysMax) {
      return this.#refuse("event_too_large", path, `more keys than objectKeysMax ${objectKeysMax}`);
    }
    const copy: JsonObject = {};
    for (const key of keys) {
      const at = path === "" ? key : `${path}.${key}`;
      if (forbiddenKeys.has(key))
        return this.#refuse("event_invalid", at, "this key is not allowed");
      if (isLonger(key, idBytesMax)) {
        return this.#refuse(
          "event_too_large",
          path,
          `a key is longer than idBytesMax ${idBytesMax}`,
        );
      }
      // Cleaning can make two keys one ("a" and "a\0"): the last one wins, as in JSON itself.
      const clean = cleanText(key);
      if (forbiddenKeys.has(clean))
        return this.#refuse("event_invalid", at, "this key is not allowed");
      copy[clean] = this.clean(value[key], at, depth + 1);
    }
    return copy;
  }

  #text(value: string, path: string): unknown {
    if (isLonger(value, this.#limits.textBytesMax)) {
      const detail = `longer than textBytesMax ${this.#limits.textBytesMax}`;
      return this.#refuse("event_too_large", path, detail);
    }
    return cleanText(value);
  }

  #refuse(code: ErrorCode, field: string, detail: string): undefined {
    const cut = field.length > 200 ? `${field.slice(0, 200)}...` : field;
    this.refusal = { code, field: cleanText(cut), detail };
    return undefined;
  }
}

/** Longer than `max` bytes of UTF-8, without encoding what is surely shorter. */
export function isLonger(text: string, max: number): boolean {
  return text.length * 3 > max && Buffer.byteLength(text) > max;
}

/**
 * Cuts `{"batch":[...], ...}` into the rest of the object (its batch emptied) and the texts of the batch's
 * elements, without parsing them. Undefined where there is no such array, or the brackets do not close; where
 * there are more than `eventsMax`, one too many is given and the rest is none.
 */
export function splitBatch(
  text: string,
  eventsMax = Infinity,
): { rest: string; events: string[] } | undefined {
  const open = batchStart(text);
  const split = open === undefined ? undefined : elementsAt(text, open, eventsMax);
  if (open === undefined || split === undefined) return undefined;
  return { rest: text.slice(0, open + 1) + text.slice(split.end), events: split.elements };
}

/** Cuts `[...]` into the texts of its elements. Undefined where it is no array, or more follows it. */
export function splitArray(text: string, elementsMax = Infinity): string[] | undefined {
  const open = skipSpace(text, 0);
  const isArray = text.charCodeAt(open) === openBracket;
  const split = isArray ? elementsAt(text, open, elementsMax) : undefined;
  if (split === undefined || skipSpace(text, split.end + 1) < text.length) return undefined;
  return split.elements;
}

/**
 * Texts between the brackets of the array that opens at `open`, and the place of its closing bracket. It stops
 * one past `elementsMax`, since four megabytes of commas would make four million texts.
 */
function elementsAt(
  text: string,
  open: number,
  elementsMax: number,
): { elements: string[]; end: number } | undefined {
  const elements: string[] = [];
  let depth = 0;
  let start = open + 1;
  for (let i = open + 1; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code === quote) {
      i = textEnd(text, i);
      if (i < 0) return undefined;
    } else if (code === openBrace || code === openBracket) {
      depth += 1;
    } else if (depth > 0) {
      if (code === closeBrace || code === closeBracket) depth -= 1;
    } else if (code === comma) {
      elements.push(text.slice(start, i));
      start = i + 1;
      if (elements.length > elementsMax) return { elements, end: text.length };
    } else if (code === closeBracket) {
      const last = text.slice(start, i);
      if (elements.length > 0 || last.trim() !== "") elements.push(last);
      return { elements, end: i };
    } else if (code === closeBrace) {
      return undefined;
    }
  }
  return undefined;
}

const quote = 0x22;
const backslash = 0x5c;
const comma = 0x2c;
const colon = 0x3a;
const openBracket = 0x5b;
const closeBracket = 0x5d;
const openBrace = 0x7b;
const closeBrace = 0x7d;

/** Place of the `[` that follows the top-level key "batch". */
function batchStart(text: string): number | undefined {
  let depth = 0;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code === quote) {
      const end = textEnd(text, i);
      if (end < 0) return undefined;
      if (depth === 1 && text.slice(i, end + 1) === '"batch"') {
        const at = skipSpace(text, end + 1);
        if (text.charCodeAt(at) === colon) {
          const value = skipSpace(text, at + 1);
          return text.charCodeAt(value) === openBracket ? value : undefined;
        }
      }
      i = end;
    } else if (code === openBrace || code === openBracket) {
      depth += 1;
    } else if (code === closeBrace || code === closeBracket) {
      depth -= 1;
    }
  }
  return undefined;
}

/** Place of the quote that closes the text begun at `start`; -1 when it never closes. */
function textEnd(text: string, start: number): number {
  for (let i = start + 1; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code === backslash) i += 1;
    else if (code === quote) return i;
  }
  return -1;
}

function skipSpace(text: string, start: number): number {
  let i = start;
  while (i < text.length && text.charCodeAt(i) <= 0x20) i += 1;
  return i;
}
