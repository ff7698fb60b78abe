/**
 * The set of message ids seen, exact, by (tenant, source, messageHash) and by days of received time, so that
 * a day is forgotten at once. It is rebuilt from record headers: there is no second truth. A hit refreshes
 * nothing, or an id that keeps coming would be hidden for ever.
 *
 * A merged record (appended again under the known subject) holds two keys: one with its subject, by which a
 * merge that is done twice is recognised, and the plain one, so that the client's resend stays a duplicate
 * when the anonymous original has been erased. Plain keys are counted for that reason.
 */
import { assert } from "../base/assert.ts";
import { ByteReader, BytesError, ByteWriter } from "../base/bytes.ts";
import type { RecordHeader } from "../base/record.ts";
import { hashKey, KeyTable, keyLanes } from "./key-table.ts";

const dayMs = 86_400_000;
const snapshotFormat = 1;
/** Each day is many tables, so that growing one of them never holds the thread for long. */
const tablesPerDay = 64;

interface Day {
  day: number;
  tables: KeyTable[];
}

export interface DedupeOptions {
  windowDays: number;
  /** Scatters keys in the tables; unknown to clients, or chosen ids could make lookups slow. */
  salt: number;
}

type Identity = Pick<
  RecordHeader,
  "tenant" | "subject" | "source" | "messageHash" | "receivedAt" | "merged"
>;

export class Dedupe {
  readonly #windowDays: number;
  readonly #salt: number;
  #days: Day[] = [];
  readonly #sources = new Map<number, Map<string, number>>();
  #sourceCount = 0;
  #oldest = -Infinity;
  /** Greatest receivedAt so far: merged keys expire by it, for their own times may be long past. */
  #logTime = 0;
  readonly #key = new Uint32Array(keyLanes);
  /** Of the key. */
  #hash = 0;

  constructor(options: DedupeOptions) {
    assert(options.windowDays >= 1 && options.windowDays <= 30, "dedupeWindowDays is not in 1..30");
    this.#windowDays = options.windowDays;
    this.#salt = options.salt >>> 0;
  }

  /** Keys held now. */
  get size(): number {
    let size = 0;
    for (const day of this.#days) for (const table of day.tables) size += table.size;
    return size;
  }

  /** Received times at or after this are still told apart. */
  static windowStart(now: number, windowDays: number): number {
    return (Math.floor(now / dayMs) - windowDays) * dayMs;
  }

  /** Forgets the days before the window that ends now. */
  expire(now: number): void {
    const oldest = Dedupe.windowStart(now, this.#windowDays) / dayMs;
    if (oldest <= this.#oldest) return;
    this.#oldest = oldest;
    this.#days = this.#days.filter((day) => day.day >= oldest);
  }

  /** Takes the record's id; false when it was taken before, and then nothing changes. */
  claim(record: Identity): boolean {
    this.#logTime = Math.max(this.#logTime, record.receivedAt);
    if (!record.merged) {
      this.#setKey(record, false);
      if (this.#find() !== undefined) return false;
      this.#add(Math.floor(record.receivedAt / dayMs));
      return true;
    }
    this.#setKey(record, true);
    if (this.#find() !== undefined) return false;
    this.#add(Math.floor(this.#logTime / dayMs));
    this.#setKey(record, false);
    this.#add(Math.floor(record.receivedAt / dayMs));
    return true;
  }

  /** Gives the id of a claimed record back: it was not stored after all, or it was erased. */
  release(record: Identity): void {
    if (record.merged) {
      this.#setKey(record, true);
      this.#find()?.remove(this.#key, this.#hash);
    }
    this.#setKey(record, false);
    const day = this.#days.find((d) => d.day === Math.floor(record.receivedAt / dayMs));
    if (day !== undefined) this.#tableOf(day).remove(this.#key, this.#hash);
  }

  encode(): Uint8Array {
    const writer = new ByteWriter(1024 + this.size * 24);
    writer.u8(snapshotFormat);
    writer.int53(this.#logTime);
    writer.varint(this.#sourceCount);
    for (const [tenant, sources] of this.#sources) {
      for (const [source, number] of sources) {
        writer.u32(tenant);
        writer.varint(number);
        writer.text(source);
      }
    }
    writer.varint(this.#days.length);
    for (const day of this.#days) {
      writer.zigzag(day.day);
      for (const table of day.tables) table.encode(writer);
    }
    return writer.take();
  }

  static decode(bytes: Uint8Array, options: DedupeOptions): Dedupe {
    const dedupe = new Dedupe(options);
    const reader = new ByteReader(bytes);
    const format = reader.u8();
    if (format !== snapshotFormat) throw new BytesError(`deduplication set of format ${format}`);
    dedupe.#logTime = reader.int53();
    dedupe.#sourceCount = reader.varint();
    for (let left = dedupe.#sourceCount; left > 0; left--) {
      const tenant = reader.u32();
      const number = reader.varint();
      dedupe.#sourcesOf(tenant).set(reader.text(), number);
    }
    for (let left = reader.varint(); left > 0; left--) {
      const day = dedupe.#dayOf(reader.zigzag());
      // The tables of the writer were split by another salt: every key finds its own table again.
      for (let table = 0; table < tablesPerDay; table++) dedupe.#readTable(day, reader);
    }
    reader.expectEnd();
    return dedupe;
  }

  #readTable(day: Day, reader: ByteReader): void {
    for (let left = reader.varint(); left > 0; left--) {
      for (let lane = 0; lane < keyLanes; lane++) this.#key[lane] = reader.u32();
      this.#hash = hashKey(this.#key, 0, this.#salt);
      this.#tableOf(day).add(this.#key, this.#hash, reader.u8());
    }
  }

  /**
   * The key is exact for plain records: the message hash and the number of (tenant, source). A merged key
   * mixes in the subject, an HMAC no client can choose.
   */
  #setKey(record: Identity, withSubject: boolean): void {
    const key = this.#key;
    for (let lane = 0; lane < 4; lane++) {
      const at = lane * 8;
      key[lane] = hexLane(record.messageHash, at);
      if (withSubject && record.subject !== "") {
        const other = hexLane(record.subject, at);
        key[lane] = (key[lane] as number) ^ ((other << 7) | (other >>> 25));
      }
    }
    key[4] = this.#sourceNumber(record.tenant, record.source) * 2 + (withSubject ? 1 : 0);
    this.#hash = hashKey(key, 0, this.#salt);
  }

  #sourceNumber(tenant: number, source: string): number {
    const sources = this.#sourcesOf(tenant);
    let number = sources.get(source);
    if (number === undefined) {
      number = this.#sourceCount++;
      assert(number < 0x80000000, "more sources than can be numbered");
      sources.set(source, number);
    }
    return number;
  }

  #sourcesOf(tenant: number): Map<string, number> {
    let sources = this.#sources.get(tenant);
    if (sources === undefined) this.#sources.set(tenant, (sources = new Map()));
    return sources;
  }

  /** The table that has the key. */
  #find(): KeyTable | undefined {
    for (const day of this.#days) {
      const table = this.#tableOf(day);
      if (table.has(this.#key, this.#hash)) return table;
    }
    return undefined;
  }

  #add(day: number): void {
    if (day >= this.#oldest) this.#tableOf(this.#dayOf(day)).add(this.#key, this.#hash, 1);
  }

  #dayOf(day: number): Day {
    let found = this.#days.find((d) => d.day === day);
    if (found === undefined) {
      const tables = Array.from({ length: tablesPerDay }, () => new KeyTable(this.#salt));
      found = { day, tables };
      // Newest first: most repeats come soon after the first.
      this.#days.push(found);
      this.#days.sort((a, b) => b.day - a.day);
    }
    return found;
  }

  #tableOf(day: Day): KeyTable {
    // The highest bits choose the table, the lowest the slot inside it.
    return day.tables[this.#hash >>> 26] as KeyTable;
  }
}

const nibbles = new Uint8Array(128);
for (let value = 0; value < 16; value++) nibbles["0123456789abcdef".charCodeAt(value)] = value;

/** Eight hex digits as a number; the digits were checked when the record was taken in. */
function hexLane(text: string, at: number): number {
  let lane = 0;
  for (let i = at; i < at + 8; i++) lane = (lane << 4) | (nibbles[text.charCodeAt(i)] as number);
  return lane;
}
