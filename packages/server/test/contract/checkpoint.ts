/** The contract of a checkpoint, one suite for every implementation. */
import { describe, expect, test } from "vitest";
import type {
  Checkpoint,
  CheckpointChange,
  OutboxEntry,
  UserRow,
} from "../../src/engine/checkpoint/checkpoint.ts";
import { packRanges } from "../../src/engine/users/commits.ts";
import { hashOf } from "./records.ts";

export interface CheckpointKind {
  name: string;
  /** A new store, to be opened as often as wanted. */
  make(): Store;
  /** Why a commit that the store refuses half way cannot be made here; undefined where it can. */
  refusesNothing?: string | undefined;
}

export interface Store {
  open(): Promise<Checkpoint>;
  /** Everything that is stored, in every file, as bytes; undefined where there are none to look at. */
  bytes?: (() => Uint8Array) | undefined;
}

export function row(user: string, change: Partial<UserRow> = {}): UserRow {
  return {
    tenant: 1,
    subject: hashOf(user),
    body: new TextEncoder().encode(`state of ${user}`),
    commits: packRanges([[1, 3]]),
    barredThrough: 0,
    aliasOf: "",
    aliases: [],
    forwardedThrough: 0,
    purge: [],
    ...change,
  };
}

export function change(given: Partial<CheckpointChange> = {}): CheckpointChange {
  return {
    mark: { seq: 7, clockHour: 490_000, logic: 1 },
    rows: [],
    shared: [],
    outboxAdd: [],
    outboxRemove: [],
    isRested: false,
    ...given,
  };
}

export function entry(id: string, body = `{"type":"session.started","at":1}`): OutboxEntry {
  return { id, seq: Number(id.split(":")[1]), tenant: 1, subject: hashOf("someone"), body };
}

/** Every field at a value that is neither the default nor small. */
export const fullRow = row("full", {
  tenant: 4_294_967_295,
  body: Uint8Array.from({ length: 9_000 }, (_, i) => (i * 31) & 255),
  commits: packRanges(
    Array.from({ length: 400 }, (_, i) => [i * 1_000 + 1, i * 1_000 + 1 + (i % 7)] as const),
  ),
  barredThrough: 1_772_000_000_000,
  aliasOf: hashOf("root"),
  aliases: [hashOf("a"), hashOf("b")],
  forwardedThrough: 399_001,
  purge: [
    {
      seqs: [
        [5, 9],
        [20, 20],
      ],
      beforeOffset: 2 ** 40,
      offsets: null,
      keep: ["forget", "merge"],
    },
    { seqs: [[6, 6]], beforeOffset: 12, offsets: [3, 4, 11], keep: [] },
  ],
});

export function checkpointContract({ name, make, refusesNothing }: CheckpointKind): void {
  describe(`contract of the checkpoint: ${name}`, () => {
    test("is empty before the first commit", async () => {
      const checkpoint = await make().open();
      expect(checkpoint.mark()).toBeUndefined();
      expect(checkpoint.read(1, hashOf("a"))).toBeUndefined();
      expect([...checkpoint.rows()]).toEqual([]);
      expect([...checkpoint.shared()]).toEqual([]);
      expect([...checkpoint.outbox()]).toEqual([]);
      await checkpoint.close();
    });

    test("gives back every field of a row, of the mark, of what is shared and of the outbox", async () => {
      const store = make();
      let checkpoint = await store.open();
      const value = Uint8Array.from([0, 1, 255]);
      const given = change({
        rows: [fullRow, row("plain")],
        shared: [
          ["tenant/1", value],
          ["empty", new Uint8Array(0)],
        ],
        outboxAdd: [entry("0:4:0", '{"type":"é \\u0000"}')],
      });
      await checkpoint.commit(given);
      for (const isReopened of [false, true]) {
        if (isReopened) {
          await checkpoint.close();
          checkpoint = await store.open();
        }
        expect(checkpoint.mark()).toEqual(given.mark);
        expect(plain(checkpoint.read(fullRow.tenant, fullRow.subject)!)).toEqual(plain(fullRow));
        expect(plain(checkpoint.read(1, hashOf("plain"))!)).toEqual(plain(row("plain")));
        expect(checkpoint.read(1, fullRow.subject)).toBeUndefined();
        const shared = new Map([...checkpoint.shared()].map(([key, bytes]) => [key, [...bytes]]));
        expect(shared).toEqual(
          new Map([
            ["tenant/1", [...value]],
            ["empty", []],
          ]),
        );
        expect([...checkpoint.outbox()]).toEqual(given.outboxAdd);
      }
      await checkpoint.close();
    });

    test("lists rows in order of tenant and subject, whatever order they came in", async () => {
      const checkpoint = await make().open();
      const rows = ["a", "b", "c", "d", "e"].flatMap((user) => [
        row(user, { tenant: 10 }),
        row(user, { tenant: 9 }),
      ]);
      await checkpoint.commit(change({ rows: rows.slice(0, 5) }));
      await checkpoint.commit(change({ rows: rows.slice(5) }));
      const keys = [...checkpoint.rows()].map(({ tenant, subject }) => [tenant, subject]);
      const sorted = rows
        .map(({ tenant, subject }) => [tenant, subject] as const)
        .toSorted(([t, a], [u, b]) => t - u || (a < b ? -1 : 1));
      expect(keys).toEqual(sorted);
      const asStored = [...checkpoint.rowsAsStored()].map(plain);
      expect(asStored).toHaveLength(rows.length);
      expect(asStored).toEqual(expect.arrayContaining(rows.map(plain)));
      await checkpoint.close();
    });

    test("replaces a row, keeps a row without a state, and drops one that says nothing", async () => {
      const checkpoint = await make().open();
      await checkpoint.commit(change({ rows: [row("a"), row("b"), row("c")] }));
      const barred = row("b", { body: null, commits: packRanges([]), barredThrough: 5 });
      const nothing = row("c", { body: null, commits: packRanges([]) });
      await checkpoint.commit(
        change({ rows: [row("a", { commits: packRanges([[9, 9]]) }), barred, nothing] }),
      );
      expect(checkpoint.read(1, hashOf("a"))!.commits).toEqual(packRanges([[9, 9]]));
      expect(plain(checkpoint.read(1, hashOf("b"))!)).toEqual(plain(barred));
      expect(checkpoint.read(1, hashOf("c"))).toBeUndefined();
      expect([...checkpoint.rows()]).toHaveLength(2);
      await checkpoint.close();
    });

    test("gives out rows that nobody shares", async () => {
      const checkpoint = await make().open();
      const given = row("a");
      await checkpoint.commit(change({ rows: [given] }));
      given.commits[0] = 0;
      given.body![0] = 0;
      const read = checkpoint.read(1, given.subject)!;
      expect(plain(read)).toEqual(plain(row("a")));
      read.commits[0] = 0;
      expect(plain(checkpoint.read(1, given.subject)!)).toEqual(plain(row("a")));
      await checkpoint.close();
    });

    test("keeps the outbox in the order of its additions", async () => {
      const store = make();
      const checkpoint = await store.open();
      await checkpoint.commit(
        change({ outboxAdd: ["2:9:0", "0:1:0", "1:5:1"].map((id) => entry(id)) }),
      );
      const outboxAdd = [entry("0:0:0"), entry("1:6:0")];
      await checkpoint.commit(change({ outboxAdd, outboxRemove: ["0:1:0", "7:7:7"] }));
      await checkpoint.close();
      const again = await store.open();
      expect([...again.outbox()].map(({ id }) => id)).toEqual(["2:9:0", "1:5:1", "0:0:0", "1:6:0"]);
      await again.close();
    });

    test("removes a shared value", async () => {
      const checkpoint = await make().open();
      await checkpoint.commit(
        change({
          shared: [
            ["a", new Uint8Array(3)],
            ["b", new Uint8Array(1)],
          ],
        }),
      );
      await checkpoint.commit(
        change({
          shared: [
            ["a", null],
            ["none", null],
          ],
        }),
      );
      expect([...checkpoint.shared()].map(([key]) => key)).toEqual(["b"]);
      await checkpoint.close();
    });

    test("stores all of a commit or nothing of it", async ({ skip }) => {
      if (refusesNothing !== undefined) skip(refusesNothing);
      const store = make();
      const checkpoint = await store.open();
      await checkpoint.commit(change({ rows: [row("a")] }));
      const broken = change({
        mark: { seq: 99, clockHour: 1, logic: 1 },
        rows: [row("a", { commits: packRanges([[99, 99]]) }), row("b")],
        outboxAdd: [entry("0:1:0"), { ...entry("0:2:0"), body: null as unknown as string }],
      });
      await expect(checkpoint.commit(broken)).rejects.toThrow(/./);
      expect(checkpoint.mark()!.seq).toBe(7);
      expect(plain(checkpoint.read(1, hashOf("a"))!)).toEqual(plain(row("a")));
      expect(checkpoint.read(1, hashOf("b"))).toBeUndefined();
      expect([...checkpoint.outbox()]).toEqual([]);
      await checkpoint.commit(change({ mark: { seq: 8, clockHour: 1, logic: 1 } }));
      expect(checkpoint.mark()!.seq).toBe(8);
      await checkpoint.close();
    });

    test("leaves nothing of a deleted state in its bytes, beyond the first page either", async () => {
      const store = make();
      const checkpoint = await store.open();
      const canary = "canary-of-the-forgotten";
      const body = new TextEncoder().encode(
        `${canary}${"x".repeat(20_000)}${canary}${"y".repeat(6_000)}${canary}`,
      );
      const others = Array.from({ length: 50 }, (_, i) => row(`other ${i}`));
      await checkpoint.commit(change({ rows: [...others, row("gone", { body })] }));
      const gone = row("gone", { body: null, commits: packRanges([]), barredThrough: 77 });
      await checkpoint.commit(change({ rows: [gone] }));
      const bytes = store.bytes?.() ?? new Uint8Array(0);
      expect(Buffer.from(bytes).toString("latin1")).not.toContain(canary);
      await checkpoint.close();
    });
  });
}

/** Bytes as numbers, so that one kind of array equals the other. */
export function plain(given: UserRow): unknown {
  const { body, commits } = given;
  return { ...given, body: body === null ? null : [...body], commits: [...commits] };
}
