import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { event } from "../../test/contract/records.ts";
import { BatchBuilder, decodeBatch, type LogEnd } from "./batch.ts";
import { LogCorruptError } from "./log.ts";
import { SqliteFile } from "./sqlite-file.ts";

const isLong = process.env["ATTUNE_LONG"] === "1";
const partitions = 4;

let dir = "";
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "attune-file-"));
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

function open(path: string): SqliteFile {
  return new SqliteFile({
    path,
    partitions,
    holder: "test",
    acceptLoss: false,
    synchronous: "FULL",
  });
}

/** Commits `count` batches and returns what they hold. */
function fill(file: SqliteFile, count: number): unknown[] {
  let end: LogEnd = file.end;
  const records: unknown[] = [];
  for (let i = 0; i < count; i++) {
    const builder = new BatchBuilder(partitions);
    const payload = new Uint8Array((i * 397) % 9_000).fill(i);
    builder.add(event(`u${i % 3}`, `${i}`, { payload }));
    const after = builder.endAfter(end);
    file.commit(builder.seal(end));
    records.push(...builder.records);
    end = after;
  }
  return records;
}

/** Everything in the log, or "refused" when opening or reading threw. */
function readOrRefuse(path: string): unknown[] | "refused" {
  let file: SqliteFile | undefined;
  try {
    file = open(path);
    const batches = file.end.seq === 0 ? [] : file.read(1, file.end.seq, Infinity);
    return batches.flatMap(decodeBatch);
  } catch {
    return "refused";
  } finally {
    // What is damaged enough may not even close.
    try {
      file?.close();
    } catch {
      file = undefined;
    }
  }
}

function damaged(files: Record<string, Uint8Array>, name: string, bit: number): string {
  const path = join(dir, "damaged.sqlite");
  for (const suffix of ["", "-wal", "-shm", ".witness"]) rmSync(path + suffix, { force: true });
  for (const [suffix, bytes] of Object.entries(files)) {
    const copy = Uint8Array.from(bytes);
    if (suffix === name) {
      const at = (bit >>> 3) % copy.length;
      copy[at] = copy[at]! ^ (1 << (bit & 7));
    }
    writeFileSync(path + suffix, copy);
  }
  return path;
}

describe("the file of the log", () => {
  it("never serves a wrong byte, whichever bit of the main file flips", () => {
    const path = join(dir, "log.sqlite");
    const file = open(path);
    const records = fill(file, 40);
    file.close();
    const files = { "": readFileSync(path), ".witness": readFileSync(`${path}.witness`) };
    let refused = 0;
    fc.assert(
      fc.property(fc.nat(), (bit) => {
        const outcome = readOrRefuse(damaged(files, "", bit));
        if (outcome === "refused") refused++;
        else expect(outcome).toEqual(records);
      }),
      { numRuns: isLong ? 2_000 : 100 },
    );
    // Most of the file is records: the check itself is checked.
    expect(refused).toBeGreaterThan(50);
  });

  it("notices commits that a flipped bit cuts out of the write-ahead log, and leaves that as it was", () => {
    const path = join(dir, "log.sqlite");
    const file = open(path);
    const records = fill(file, 12);
    file.bearWitness();
    // As a crash would leave it: nothing closed, nothing moved out of the write-ahead log.
    for (const suffix of ["", "-wal", ".witness"])
      copyFileSync(path + suffix, `${path}-copy${suffix}`);
    const read = (suffix: string) => readFileSync(`${path}-copy${suffix}`);
    const files = { "": read(""), "-wal": read("-wal"), ".witness": read(".witness") };
    file.close();
    expect(readOrRefuse(damaged(files, "none", 0))).toEqual(records);
    let refused = 0;
    fc.assert(
      fc.property(fc.nat(), (bit) => {
        const at = damaged(files, "-wal", bit);
        const before = readFileSync(`${at}-wal`);
        const outcome = readOrRefuse(at);
        if (outcome !== "refused") return expect(outcome).toEqual(records);
        refused++;
        expect(readFileSync(`${at}-wal`).equals(before)).toBe(true);
      }),
      { numRuns: isLong ? 1_000 : 60 },
    );
    expect(refused).toBeGreaterThan(30);
  });

  it("opens with either slot of the witness torn, and misses nothing that the other one saw", () => {
    const path = join(dir, "log.sqlite");
    const file = open(path);
    fill(file, 5);
    file.close();
    const files = { "": readFileSync(path), ".witness": readFileSync(`${path}.witness`) };
    for (const half of [0, 64]) {
      expect(readOrRefuse(damaged(files, ".witness", (half + 20) * 8))).toHaveLength(5);
    }
  });

  it("does not open as a log with another number of partitions", () => {
    const path = join(dir, "log.sqlite");
    open(path).close();
    const other = {
      path,
      partitions: 8,
      holder: "",
      acceptLoss: false,
      synchronous: "FULL",
    } as const;
    expect(() => new SqliteFile(other)).toThrow("has 4 partitions, not 8");
  });

  it("says that a file that is no log is corrupt", () => {
    const path = join(dir, "log.sqlite");
    writeFileSync(path, "x".repeat(10_000));
    expect(() => open(path)).toThrow(LogCorruptError);
  });
});
