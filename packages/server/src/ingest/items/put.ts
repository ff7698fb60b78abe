/**
 * One stream of items into the catalogue: lines become records of many items each, and the stream is read no
 * faster than the disk takes them. One bad line costs its neighbours nothing.
 */
import { randomUUID } from "node:crypto";
import type { Readable } from "node:stream";
import { type ErrorCode, errorTable } from "@attune/protocol";
import { nobody, type RecordInput, recordSchema } from "../../base/record.ts";
import { utf8Encode } from "../../base/text.ts";
import { isLonger, isObject, parseEvent } from "../json.ts";
import type { IngestLimits } from "../limits.ts";
import { messageHash } from "../message-hash.ts";
import type { IngestParts, Item, ItemLimits } from "../parts.ts";
import { type ItemLine, ItemLines, type ItemStop } from "./lines.ts";

export interface ItemResult {
  /** Line of the stream or place in the array, from 0. */
  index: number;
  result: "drop";
  reason: ErrorCode;
  detail: string;
  fix: string;
}

export interface ItemsAnswer {
  success: boolean;
  accepted: number;
  position?: string | undefined;
  /** One entry for each line that was not accepted, up to a limit. */
  results: ItemResult[];
  /** How many entries are left out. */
  omitted?: number | undefined;
}

/** A million bad lines need no million verdicts. */
const resultsMax = 10_000;

/** Items of one record; each record makes a new version of the whole catalogue, so few and large is right. */
const itemsPerRecordMax = 1_000;
const recordUnitsMax = 1_048_576;

export async function putItems(
  parts: Pick<IngestParts, "append" | "now" | "limits">,
  tenant: number,
  source: Readable,
): Promise<ItemsAnswer> {
  const { itemLineBytesMax, itemsPerStreamMax, batchBytesMax } = parts.limits;
  const lines = new ItemLines({
    lineBytesMax: itemLineBytesMax,
    arrayBytesMax: batchBytesMax,
    linesMax: itemsPerStreamMax,
  });
  const run = new PutRun(parts, tenant);
  // Left early the stream must stay whole, or the connection would go before the answer is written.
  for await (const chunk of source.iterator({ destroyOnReturn: false })) {
    for (const line of lines.push(chunk as Uint8Array)) {
      run.add(line);
      if (run.isFull) await run.flush();
    }
    if (lines.stop !== undefined) break;
  }
  for (const line of lines.end()) {
    run.add(line);
    if (run.isFull) await run.flush();
  }
  await run.flush();
  return run.answer(lines.stop);
}

class PutRun {
  readonly #parts: Pick<IngestParts, "append" | "now" | "limits">;
  readonly #tenant: number;
  readonly #results: ItemResult[] = [];
  #items: Item[] = [];
  #units = 0;
  #lines = 0;
  #accepted = 0;
  #omitted = 0;
  #position: string | undefined;

  constructor(parts: Pick<IngestParts, "append" | "now" | "limits">, tenant: number) {
    this.#parts = parts;
    this.#tenant = tenant;
  }

  get isFull(): boolean {
    return this.#items.length >= itemsPerRecordMax || this.#units >= recordUnitsMax;
  }

  add(line: ItemLine): void {
    const index = this.#lines++;
    if ("fault" in line) {
      const detail = `longer than itemLineBytesMax ${this.#parts.limits.itemLineBytesMax}`;
      this.#drop(index, "item_invalid", detail);
      return;
    }
    const item = itemOf(line.text, this.#parts.limits);
    if (typeof item === "string") {
      this.#drop(index, "item_invalid", item);
      return;
    }
    this.#items.push(item);
    this.#units += line.text.length;
  }

  async flush(): Promise<void> {
    if (this.#items.length === 0) return;
    const put = this.#items;
    this.#items = [];
    this.#units = 0;
    const record = catalogueRecord(this.#tenant, { put }, this.#parts.now());
    this.#position = (await this.#parts.append([record])).position;
    this.#accepted += put.length;
  }

  answer(stop: ItemStop | undefined): ItemsAnswer {
    if (stop === "too many lines") {
      const detail = `more than itemsPerStreamMax ${this.#parts.limits.itemsPerStreamMax} lines`;
      this.#drop(this.#lines, "stream_too_long", detail);
    } else if (stop !== undefined) {
      this.#drop(this.#lines, "item_invalid", stops[stop]);
    }
    return {
      success: stop === undefined,
      accepted: this.#accepted,
      position: this.#position,
      results: this.#results,
      omitted: this.#omitted === 0 ? undefined : this.#omitted,
    };
  }

  #drop(index: number, reason: ErrorCode, detail: string): void {
    const fix = errorTable[reason].caller;
    if (this.#results.length >= resultsMax) this.#omitted += 1;
    else this.#results.push({ index, result: "drop", reason, detail, fix });
  }
}

const stops: Record<Exclude<ItemStop, "too many lines">, string> = {
  "endless line": "a line does not end; nothing behind it was read",
  "array too large":
    "an array is held whole and this one is larger than batchBytesMax: send one item a line",
  "array broken": "the body begins as an array and is none: nothing of it was kept",
};

/** `{"id":"i1","attributes":{...}}`, or the attributes beside the id; a text says what is wrong. */
function itemOf(text: string, limits: IngestLimits & ItemLimits): Item | string {
  const parsed = parseEvent(text, { ...limits, eventBytesMax: limits.itemLineBytesMax });
  if ("refusal" in parsed) {
    const { code, field, detail } = parsed.refusal;
    if (code === "json_invalid") return "the item is no JSON object";
    return field === undefined ? detail : `${field}: ${detail}`;
  }
  const { id: stated, attributes, ...rest } = parsed.value;
  const id = typeof stated === "number" ? String(stated) : stated;
  if (typeof id !== "string" || id.trim() === "")
    return "the item needs an `id`, a text or a number";
  if (isLonger(id, limits.idBytesMax))
    return `its id is longer than idBytesMax ${limits.idBytesMax}`;
  if (attributes === undefined) return { id, attributes: rest };
  return {
    id,
    attributes: isObject(attributes) ? { ...rest, ...attributes } : { ...rest, attributes },
  };
}

/** A change of the catalogue as a record. Each is new, also one that says what another said before. */
export function catalogueRecord(
  tenant: number,
  change: { put?: readonly Item[]; remove?: readonly string[] },
  now: number,
): RecordInput {
  return {
    schema: recordSchema,
    kind: "catalogue",
    tenant,
    subject: nobody,
    identity: "verified",
    purposes: 0,
    merged: false,
    source: "items",
    at: now,
    receivedAt: now,
    messageHash: messageHash(randomUUID()),
    payload: utf8Encode(JSON.stringify(change)),
  };
}
