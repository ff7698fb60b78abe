/**
 * The memory log: batches in checksummed frames on an append-only `Disk`, RAM by default. It obeys the same
 * contract as the SQLite log, group commit included; a simulator gives it a disk that fails.
 *
 *   file   64 bytes that name the epoch | frames
 *   frame  u32 magic | u32 crc32c of the next 16 bytes | int53 seq | u32 heads length | u32 body length
 *          | heads | body | u32 crc32c of heads and body
 *
 * One frame is in the air at a time, so only the last can be torn. A broken frame with a whole one after it is
 * corruption, and the log does not open.
 */
import { assert } from "../base/assert.ts";
import { ByteReader, ByteWriter } from "../base/bytes.ts";
import { crc32c } from "../base/crc32c.ts";
import type { LogRecord } from "../base/record.ts";
import {
  type Batch,
  checksum,
  decodeHeads,
  endFrom,
  faultOf,
  type Heads,
  type LogEnd,
  stampBatch,
} from "./batch.ts";
import { eraseSubject, pickSubject } from "./erase.ts";
import { type Disk, DiskFullError, RamDisk } from "./disk.ts";
import { type GroupCommitOptions, openGroupCommit, type Store } from "./group-commit.ts";
import {
  type BackupFile,
  type Log,
  LogCorruptError,
  LogUnavailableError,
  type Removal,
  type SeqRange,
} from "./log.ts";
import {
  decodeWitness,
  encodeSlot,
  judgeWitness,
  newEpoch,
  slotBytes,
  witnessBytes,
} from "./witness.ts";

const magic = 0x314d5241;
const preambleLength = slotBytes;
const frameHeaderLength = 24;
const frameOverhead = frameHeaderLength + 4;
const pageBytes = 1 << 20;
const witnessEveryMs = 1000;

export interface MemoryLogOptions extends Partial<GroupCommitOptions> {
  partitions: number;
  disk?: Disk | undefined;
  /** A second disk for the witness; without one the loss of the last frames can go unnoticed. */
  witness?: Disk | undefined;
  /** Name of a new epoch; give it in a simulation. */
  makeEpoch?: (() => string) | undefined;
  /** Opens a log that is behind its witness, in a new epoch. */
  acceptLoss?: boolean | undefined;
}

export async function openMemoryLog(options: MemoryLogOptions): Promise<Log> {
  const now = options.now ?? (() => 0);
  const store = await MemoryStore.open(options, now);
  return openGroupCommit(store, {
    dedupeWindowDays: 7,
    commitBytesMax: 4 << 20,
    ...options,
    now,
  });
}

interface Frame {
  at: number;
  headsLength: number;
  bodyLength: number;
}

class MemoryStore implements Store {
  epoch = "";
  end: LogEnd;
  readonly #disk: Disk;
  readonly #witness: Disk | undefined;
  readonly #now: () => number;
  /** Frame of seq i + 1 at i. */
  #frames: Frame[] = [];
  #witnessedAt = -Infinity;
  #witnessedSeq = -1;
  #isBroken = false;
  /** Ends when the disk is free for the next change. */
  #last: Promise<unknown> = Promise.resolve();

  private constructor(
    disk: Disk,
    witness: Disk | undefined,
    now: () => number,
    partitions: number,
  ) {
    this.#disk = disk;
    this.#witness = witness;
    this.#now = now;
    this.end = { seq: 0, logTime: 0, offsets: new Float64Array(partitions) };
  }

  static async open(options: MemoryLogOptions, now: () => number): Promise<MemoryStore> {
    const { partitions, witness } = options;
    const store = new MemoryStore(options.disk ?? new RamDisk(), witness, now, partitions);
    const whole = store.#recover();
    store.end = endFrom(store.#headsNewestFirst(), partitions);
    if (store.epoch === "" || store.#needsNewEpoch(options.acceptLoss ?? false)) {
      store.epoch = (options.makeEpoch ?? newEpoch)();
      await store.#replace(new Map());
    } else if (whole < store.#disk.size()) {
      // Only now: a log that does not open is left as it is, for whoever mends it.
      store.#disk.truncate(whole);
      await store.#disk.sync();
    }
    await store.#bearWitness();
    return store;
  }

  #needsNewEpoch(acceptLoss: boolean): boolean {
    const witness = this.#witness;
    if (witness === undefined) return false;
    const seen = decodeWitness(witness.read(0, witness.size()));
    return judgeWitness(seen, { epoch: this.epoch, seq: this.end.seq }, acceptLoss) === "new";
  }

  commit(batch: Batch): Promise<void> {
    return this.#alone(() => this.#commit(batch));
  }

  /** A rewrite replaces the whole file: a commit that ran into it would be lost. */
  #alone<T>(work: () => Promise<T>): Promise<T> {
    const turn = this.#last.then(work);
    this.#last = turn.catch(() => undefined);
    return turn;
  }

  async #commit(batch: Batch): Promise<void> {
    const crc = stampBatch(batch.heads, batch.body);
    const frame: Frame = {
      at: this.#disk.size(),
      headsLength: batch.heads.length,
      bodyLength: batch.body.length,
    };
    assert(batch.seq === this.#frames.length + 1, "seq is not the next");
    try {
      this.#disk.write(encodeFrame(batch, crc));
    } catch (error) {
      const isFull = error instanceof DiskFullError;
      if (!isFull) this.#isBroken = true;
      throw new LogUnavailableError("the disk refused a commit", isFull ? "full" : "io", {
        cause: error,
      });
    }
    await this.#synced(this.#disk.sync());
    this.#frames.push(frame);
    if (this.#now() - this.#witnessedAt >= witnessEveryMs) await this.#bearWitness();
  }

  async *read(afterSeq: number, throughSeq: number): AsyncGenerator<Batch[]> {
    let page: Batch[] = [];
    let bytes = 0;
    for (let seq = afterSeq + 1; seq <= throughSeq; seq++) {
      const batch = this.#load(seq);
      page.push(batch);
      bytes += batch.body.length;
      if (bytes < pageBytes) continue;
      yield page;
      [page, bytes] = [[], 0];
    }
    if (page.length > 0) yield page;
  }

  async readSubject(tenant: number, subject: string, seqs: readonly SeqRange[]): Promise<Batch[]> {
    const found: Batch[] = [];
    for (const seq of inRanges(seqs)) {
      const batch = this.#load(seq);
      const body = pickSubject(batch.body, tenant, subject);
      if (body !== undefined) found.push({ ...batch, body });
    }
    return found;
  }

  rewrite(tenant: number, subject: string, removal: Removal): Promise<LogRecord[]> {
    return this.#alone(() => this.#rewrite(tenant, subject, removal));
  }

  async #rewrite(tenant: number, subject: string, removal: Removal): Promise<LogRecord[]> {
    const removed: LogRecord[] = [];
    const erased = new Map<number, Uint8Array>();
    for (const seq of inRanges(removal.seqs)) {
      const erasure = eraseSubject(this.#load(seq), tenant, subject, removal);
      if (erasure === undefined) continue;
      erased.set(seq, erasure.body);
      removed.push(...erasure.removed);
    }
    if (erased.size > 0) await this.#replace(erased);
    return removed;
  }

  async seqFrom(time: number): Promise<number> {
    let [low, high] = [1, this.#frames.length + 1];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (decodeHeads(this.#load(middle).heads).logTime < time) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  backup(): Promise<BackupFile[]> {
    return Promise.reject(new Error("a memory log has no files to copy"));
  }

  async close(): Promise<void> {
    if (!this.#isBroken) await this.#bearWitness();
  }

  /** Finds the frames and where they end; throws on what no crash can leave behind. */
  #recover(): number {
    const size = this.#disk.size();
    const bytes = this.#disk.read(0, size);
    this.epoch = decodeWitness(bytes.subarray(0, preambleLength))?.epoch ?? "";
    if (this.epoch === "") {
      // Either nothing was ever stored, or its beginning is damaged.
      if (wholeFrameAfter(bytes, 0, 0)) throw new LogCorruptError("the log's start is corrupt", 1);
      return 0;
    }
    let at = preambleLength;
    while (at < size) {
      const seq = this.#frames.length + 1;
      const frame = frameAt(bytes, at, seq);
      if (frame === undefined) {
        if (!wholeFrameAfter(bytes, at + 1, seq)) break;
        throw new LogCorruptError(`commit ${seq} is corrupt: later commits are whole`, seq);
      }
      this.#frames.push(frame);
      at += frameOverhead + frame.headsLength + frame.bodyLength;
    }
    return at;
  }

  *#headsNewestFirst(): Generator<Heads> {
    for (let seq = this.#frames.length; seq > 0; seq--) yield decodeHeads(this.#load(seq).heads);
  }

  #load(seq: number): Batch {
    const frame = this.#frames[seq - 1];
    assert(frame !== undefined, "read of a commit that is not there");
    const length = frame.headsLength + frame.bodyLength;
    const bytes = this.#disk.read(frame.at + frameHeaderLength, length + 4);
    const heads = bytes.subarray(0, frame.headsLength);
    const batch = { seq, heads, body: bytes.subarray(frame.headsLength, length) };
    const fault =
      bytes.length < length + 4
        ? "it is cut short"
        : faultOf(batch, new ByteReader(bytes, length).u32());
    if (fault !== undefined) throw new LogCorruptError(`commit ${seq} is corrupt: ${fault}`, seq);
    return batch;
  }

  async #replace(erased: ReadonlyMap<number, Uint8Array>): Promise<void> {
    const content = new ByteWriter(this.#disk.size());
    content.raw(encodeSlot({ epoch: this.epoch, seq: 0 }, 0).bytes);
    const frames: Frame[] = [];
    for (let seq = 1; seq <= this.#frames.length; seq++) {
      const { heads, body: old } = this.#load(seq);
      const body = erased.get(seq) ?? old;
      frames.push({ at: content.length, headsLength: heads.length, bodyLength: body.length });
      content.raw(encodeFrame({ seq, heads, body }, checksum(heads, body)));
    }
    await this.#synced(this.#disk.replace(content.take()));
    this.#frames = frames;
  }

  async #bearWitness(): Promise<void> {
    this.#witnessedAt = this.#now();
    const seq = this.#frames.length;
    if (this.#witness === undefined || this.#witnessedSeq === seq) return;
    this.#witnessedSeq = seq;
    const witness = { epoch: this.epoch, seq };
    const content = new Uint8Array(witnessBytes);
    for (const turn of [0, 1]) {
      const slot = encodeSlot(witness, turn);
      content.set(slot.bytes, slot.at);
    }
    await this.#synced(this.#witness.replace(content));
  }

  async #synced(sync: Promise<void>): Promise<void> {
    try {
      await sync;
    } catch (cause) {
      this.#isBroken = true;
      throw new LogUnavailableError("the disk could not make a commit durable", "io", { cause });
    }
  }
}

function* inRanges(seqs: readonly SeqRange[]): Generator<number> {
  for (const [first, last] of seqs) for (let seq = first; seq <= last; seq++) yield seq;
}

function encodeFrame(batch: Batch, crc: number): Uint8Array {
  const { seq, heads, body } = batch;
  const writer = new ByteWriter(frameOverhead + heads.length + body.length);
  writer.u32(magic);
  writer.u32(0);
  writer.int53(seq);
  writer.u32(heads.length);
  writer.u32(body.length);
  writer.patchU32(4, crc32c(writer.view().subarray(8)));
  writer.raw(heads);
  writer.raw(body);
  writer.u32(crc);
  return writer.take();
}

/** The frame of this seq that starts at `at`, or undefined when it is not whole. */
function frameAt(bytes: Uint8Array, at: number, seq: number): Frame | undefined {
  if (bytes.length - at < frameOverhead) return undefined;
  const reader = new ByteReader(bytes, at);
  if (reader.u32() !== magic) return undefined;
  const sum = reader.u32();
  if (crc32c(bytes.subarray(at + 8, at + frameHeaderLength)) !== sum) return undefined;
  if (reader.int53() !== seq) return undefined;
  const [headsLength, bodyLength] = [reader.u32(), reader.u32()];
  if (reader.left < headsLength + bodyLength + 4) return undefined;
  const heads = reader.raw(headsLength);
  const body = reader.raw(bodyLength);
  if (faultOf({ seq, heads, body }, reader.u32()) !== undefined) return undefined;
  return { at, headsLength, bodyLength };
}

/** True when a frame of a later commit stands whole somewhere behind a broken one. */
function wholeFrameAfter(bytes: Uint8Array, from: number, seq: number): boolean {
  for (let at = from; at + frameOverhead <= bytes.length; at++) {
    const reader = new ByteReader(bytes, at);
    if (bytes[at] !== (magic & 0xff) || reader.u32() !== magic) continue;
    reader.skip(4);
    const later = reader.f64();
    if (later > seq && frameAt(bytes, at, later) !== undefined) return true;
  }
  return false;
}
