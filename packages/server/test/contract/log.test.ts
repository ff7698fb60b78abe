/** The contract of the log over both implementations. */
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import fc from "fast-check";
import { expect, it } from "vitest";
import { openMemoryLog } from "../../src/log/memory.ts";
import { openSqliteLog } from "../../src/log/sqlite.ts";
import { FaultyDisk } from "./faulty-disk.ts";
import type { LogStage, OpenOptions } from "./log-stage.ts";
import { testLogContract } from "./log.ts";
import { event, readAll, someDay } from "./records.ts";

const settings = {
  partitions: 8,
  dedupeWindowDays: 7,
  now: () => someDay,
  commitBytesMax: 1 << 20,
};

testLogContract("memory", () => {
  const disk = new FaultyDisk();
  const witness = new FaultyDisk();
  return {
    open: (options?: OpenOptions) => openMemoryLog({ ...settings, ...options, disk, witness }),
    flipBit(seq, bit) {
      const { at, length } = framesOf(disk.bytes)[seq - 1]!;
      const flip = () => disk.flip(at * 8 + (bit % (length * 8)));
      flip();
      return flip;
    },
    flips: 100,
    dropCommits(first, last) {
      const frames = framesOf(disk.bytes);
      const from = frames[first - 1]!.at;
      const { at, length } = frames[last - 1]!;
      const rest = disk.bytes.subarray(at + length);
      disk.bytes = Uint8Array.from([...disk.bytes.subarray(0, from), ...rest]);
    },
    removeWitness: () => witness.truncate(0),
    holds: (text) => Buffer.from(disk.bytes).includes(text),
    dispose: () => undefined,
    whyNotShared: "a disk in RAM has one process and one opener",
    whyNoBackup: "a memory log has no files",
  } satisfies LogStage;
});

testLogContract("sqlite", () => {
  const dir = mkdtempSync(join(tmpdir(), "attune-log-"));
  const path = join(dir, "log.sqlite");
  const change = (sql: string, ...values: (number | Uint8Array)[]): void => {
    const db = new DatabaseSync(path);
    db.prepare(sql).run(...values);
    db.exec("PRAGMA wal_checkpoint(TRUNCATE)");
    db.close();
  };
  const openAt = (at: string, options?: OpenOptions) =>
    openSqliteLog({ ...settings, ...options, path: at });
  return {
    open: (options?: OpenOptions) => openAt(path, options),
    flipBit(seq, bit) {
      const flip = () => {
        const { column, blob, at } = bitOf(path, seq, bit);
        blob[at >>> 3] = (blob[at >>> 3] as number) ^ (1 << (at & 7));
        change(`UPDATE batch SET ${column}=? WHERE seq=?`, blob, seq);
      };
      flip();
      return flip;
    },
    flips: 10,
    dropCommits: (first, last) =>
      change("DELETE FROM batch WHERE seq BETWEEN ? AND ?", first, last),
    removeWitness: () => rmSync(`${path}.witness`),
    holds: (text) => readdirSync(dir).some((name) => readFileSync(join(dir, name)).includes(text)),
    dispose: () => rmSync(dir, { recursive: true, force: true }),
    openBackup: (copy) => openAt(join(copy, "log.sqlite")),
    backupDir: join(dir, "copy"),
  } satisfies LogStage;
});

it("gives the same commits, offsets and verdicts in memory and in SQLite", async () => {
  const dir = mkdtempSync(join(tmpdir(), "attune-log-"));
  const call = fc.array(fc.tuple(fc.constantFrom("a", "b", "c", ""), fc.nat(30)), { maxLength: 5 });
  const memory = await openMemoryLog(settings);
  const sqlite = await openSqliteLog({ ...settings, path: join(dir, "log.sqlite") });
  try {
    await fc.assert(
      fc.asyncProperty(fc.array(call, { maxLength: 6 }), async (calls) => {
        for (const pairs of calls) {
          const records = pairs.map(([user, id]) => event(user, `${user}${id}`));
          const [a, b] = [await memory.append(records), await sqlite.append(records)];
          expect(b).toEqual({ ...a, position: `${sqlite.epoch}.${a.seq}` });
        }
      }),
    );
    const removal = { seqs: [[1, 50] as const], beforeOffset: 9, offsets: null, keep: [] };
    const { subject } = event("a", "");
    const gone = await memory.rewrite(1, subject, removal);
    expect(await sqlite.rewrite(1, subject, removal)).toBe(gone);
    expect(await readAll(sqlite)).toEqual(await readAll(memory));
  } finally {
    await sqlite.close();
    rmSync(dir, { recursive: true, force: true });
  }
});

/** Which blob of a commit holds the bit, counted over heads and body, and where. */
function bitOf(path: string, seq: number, bit: number) {
  const db = new DatabaseSync(path);
  const row = db.prepare("SELECT heads, body FROM batch WHERE seq=?").get(seq);
  db.close();
  const { heads, body } = row as { heads: Uint8Array; body: Uint8Array };
  const at = bit % ((heads.length + body.length) * 8);
  const headBits = heads.length * 8;
  return at < headBits
    ? { column: "heads", blob: heads, at }
    : { column: "body", blob: body, at: at - headBits };
}

/** Where the frames of a memory log stand, from their headers. */
function framesOf(bytes: Uint8Array): { at: number; length: number }[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset);
  const frames: { at: number; length: number }[] = [];
  for (let at = 64; at < bytes.length;) {
    const length = 28 + view.getUint32(at + 16, true) + view.getUint32(at + 20, true);
    frames.push({ at, length });
    at += length;
  }
  return frames;
}
