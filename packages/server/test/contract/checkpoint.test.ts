import { createHash } from "node:crypto";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { afterEach, describe, expect, test } from "vitest";
import { CheckpointContents, MemoryCheckpoint } from "../../src/engine/checkpoint/memory.ts";
import {
  CheckpointCorruptError,
  openSqliteCheckpoint,
} from "../../src/engine/checkpoint/sqlite.ts";
import { packRanges } from "../../src/engine/users/commits.ts";
import { change, checkpointContract, entry, fullRow, plain, row } from "./checkpoint.ts";
import { hashOf } from "./records.ts";

const dirs: string[] = [];

function freshDir(): string {
  const dir = mkdtempSync(join(tmpdir(), "attune-checkpoint-"));
  dirs.push(dir);
  return dir;
}

afterEach(() => {
  for (const dir of dirs.splice(0)) rmSync(dir, { recursive: true, force: true });
});

function allBytes(dir: string): Uint8Array {
  return Buffer.concat(readdirSync(dir).map((name) => readFileSync(join(dir, name))));
}

checkpointContract({
  name: "memory",
  refusesNothing: "it takes any value; a failing commit has a test of its own",
  make: () => {
    const contents = new CheckpointContents();
    return {
      open: () => Promise.resolve(new MemoryCheckpoint(contents)),
      bytes: () =>
        Buffer.from(
          JSON.stringify([...contents.rows], (_, value: unknown) =>
            value instanceof Uint8Array ? Buffer.from(value).toString("latin1") : value,
          ),
        ),
    };
  },
});

checkpointContract({
  name: "SQLite",
  make: () => {
    const dir = freshDir();
    return {
      open: () => openSqliteCheckpoint(join(dir, "state.sqlite")),
      bytes: () => allBytes(dir),
    };
  },
});

test("the checkpoint in memory stores nothing of a commit that fails", async () => {
  const contents = new CheckpointContents();
  const failing = new MemoryCheckpoint(contents, () => Promise.reject(new Error("no")));
  await expect(failing.commit(change({ rows: [row("a")] }))).rejects.toThrow("no");
  expect(contents.mark).toBeUndefined();
  expect(contents.rows.size).toBe(0);
});

describe("the SQLite checkpoint", () => {
  async function stored(): Promise<string> {
    const path = join(freshDir(), "state.sqlite");
    const checkpoint = await openSqliteCheckpoint(path);
    await checkpoint.commit(
      change({
        rows: [fullRow, row("a"), row("b")],
        shared: [["tenant/1", new Uint8Array(64).fill(9)]],
        outboxAdd: [entry("0:4:0")],
      }),
    );
    await checkpoint.close();
    return path;
  }

  /** Flips one bit of a stored blob, as a disk might. */
  function flip(path: string, table: string, column: string, where: string, bit: number): void {
    const db = new DatabaseSync(path);
    const found = db.prepare(`SELECT ${column} AS value FROM ${table} WHERE ${where}`).get()!;
    const bytes = Uint8Array.from(found["value"] as Uint8Array);
    bytes[bit >> 3]! ^= 1 << (bit & 7);
    db.prepare(`UPDATE ${table} SET ${column}=? WHERE ${where}`).run(bytes);
    db.close();
  }

  test.each(["body", "meta"])("never serves a row with a flipped bit in its %s", async (column) => {
    for (const bit of [0, 13, 71]) {
      const path = await stored();
      const where = `subject='${column === "meta" ? fullRow.subject : hashOf("a")}'`;
      flip(path, "user", column, where, bit);
      const checkpoint = await openSqliteCheckpoint(path);
      const { tenant, subject } = column === "meta" ? fullRow : row("a");
      expect(() => checkpoint.read(tenant, subject)).toThrow(CheckpointCorruptError);
      expect(() => checkpoint.read(tenant, subject)).toThrow(subject);
      expect(() => [...checkpoint.rows()]).toThrow(CheckpointCorruptError);
      expect(checkpoint.read(1, hashOf("b"))).toBeDefined();
      await checkpoint.close();
    }
  });

  test("never serves a row under another subject's or tenant's name", async () => {
    for (const swap of [`subject='${hashOf("z")}'`, "tenant=2"]) {
      const path = await stored();
      const db = new DatabaseSync(path);
      db.exec(`UPDATE user SET ${swap} WHERE subject='${hashOf("a")}'`);
      db.close();
      const checkpoint = await openSqliteCheckpoint(path);
      expect(() => [...checkpoint.rows()]).toThrow(CheckpointCorruptError);
      await checkpoint.close();
    }
  });

  test.each([
    ["shared value", "UPDATE shared SET value=x'00'", "tenant/1"],
    ["shared value under another name", "UPDATE shared SET key='tenant/2'", "tenant/2"],
    ["effect", `UPDATE outbox SET body='{"type":"session.stArted","at":1}'`, "0:4:0"],
    ["effect of another subject", "UPDATE outbox SET subject='ab'", "0:4:0"],
    ["mark", "UPDATE mark SET seq=seq+1", "mark"],
  ])("never serves a damaged %s", async (_what, damage, name) => {
    const path = await stored();
    const db = new DatabaseSync(path);
    db.exec(damage);
    db.close();
    const checkpoint = await openSqliteCheckpoint(path);
    const readAll = () => [checkpoint.mark(), ...checkpoint.shared(), ...checkpoint.outbox()];
    expect(readAll).toThrow(CheckpointCorruptError);
    expect(readAll).toThrow(name);
    await checkpoint.close();
  });

  test("is durable when a commit has resolved: a copy of the files as they are has it", async () => {
    const dir = freshDir();
    const checkpoint = await openSqliteCheckpoint(join(dir, "state.sqlite"));
    await checkpoint.commit(change({ rows: [row("a")] }));
    const copy = freshDir();
    for (const name of readdirSync(dir)) {
      if (!name.endsWith("-shm")) writeFileSync(join(copy, name), readFileSync(join(dir, name)));
    }
    const other = await openSqliteCheckpoint(join(copy, "state.sqlite"));
    expect(other.mark()!.seq).toBe(7);
    expect(other.read(1, hashOf("a"))).toBeDefined();
    await other.close();
    await checkpoint.close();
  });

  test("takes over the rows of a file in which they lay by their keys, and writes on in it", async () => {
    const path = await stored();
    const db = new DatabaseSync(path);
    db.exec(`
      CREATE TABLE user_by_key(
        tenant INTEGER, subject TEXT, body BLOB, meta BLOB NOT NULL, crc INTEGER NOT NULL,
        PRIMARY KEY(tenant, subject)) WITHOUT ROWID;
      INSERT INTO user_by_key SELECT tenant, subject, body, meta, crc FROM user;
      DROP TABLE user;
      ALTER TABLE user_by_key RENAME TO user;`);
    db.close();
    for (const seq of [8, 9]) {
      const checkpoint = await openSqliteCheckpoint(path);
      expect(plain(checkpoint.read(fullRow.tenant, fullRow.subject)!)).toEqual(plain(fullRow));
      expect([...checkpoint.rows()]).toHaveLength(3);
      const mark = { seq, clockHour: 1, logic: 1 };
      await checkpoint.commit(
        change({ mark, rows: [row("a", { commits: packRanges([[seq, seq]]) })] }),
      );
      expect(checkpoint.read(1, hashOf("a"))!.commits).toEqual(packRanges([[seq, seq]]));
      await checkpoint.close();
    }
  });

  test("copies itself whole while it runs, and the copy's digest is that of the file", async () => {
    const path = await stored();
    const checkpoint = await openSqliteCheckpoint(path);
    const dir = freshDir();
    const [backup, commit] = [
      checkpoint.backup(dir),
      checkpoint.commit(change({ mark: { seq: 8, clockHour: 1, logic: 1 }, rows: [row("c")] })),
    ];
    const files = await backup;
    await commit;
    expect(files.map(({ name }) => name)).toEqual(["state.sqlite"]);
    const bytes = readFileSync(join(dir, "state.sqlite"));
    expect(files[0]!.bytes).toBe(bytes.length);
    expect(files[0]!.sha256).toBe(createHash("sha256").update(bytes).digest("hex"));
    const copy = await openSqliteCheckpoint(join(dir, "state.sqlite"));
    const isNew = copy.mark()!.seq === 8;
    expect([...copy.rows()]).toHaveLength(isNew ? 4 : 3);
    await copy.close();
    await checkpoint.close();
  });
});
