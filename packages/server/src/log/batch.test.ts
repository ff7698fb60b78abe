import { createHash } from "node:crypto";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { groupFormat } from "../base/record-codec.ts";
import type { RecordInput } from "../base/record.ts";
import {
  type Batch,
  BatchBuilder,
  decodeBatch,
  faultOf,
  type LogEnd,
  stampBatch,
} from "./batch.ts";
import { eraseSubject, pickSubject } from "./erase.ts";
import { partitionOf } from "./partitioner.ts";

const hex = (n: number) => (n + 1).toString(16).padStart(32, "0");

function event(user: number, id: number): RecordInput {
  return {
    schema: 1,
    kind: id % 5 === 0 ? "decision" : "event",
    tenant: 1,
    subject: user === 0 ? "" : hex(user),
    identity: id % 2 === 0 ? "claimed" : "verified",
    purposes: id,
    merged: false,
    source: `s${user}`,
    at: 1_700_000_000_000 + id,
    receivedAt: 1_700_000_000_500 + id,
    messageHash: hex(id),
    payload: new Uint8Array(id % 50).fill(id),
  };
}

function batchOf(users: readonly number[], partitions: number, seq = 1) {
  const end: LogEnd = { seq: seq - 1, logTime: 0, offsets: new Float64Array(partitions).fill(100) };
  const builder = new BatchBuilder(partitions);
  users.forEach((user, id) => builder.add(event(user, id)));
  const batch = builder.seal(end);
  return { batch, crc: stampBatch(batch.heads, batch.body), records: builder.records };
}

const anyUsers = fc.array(fc.nat(5), { minLength: 1, maxLength: 30 });

describe("batch", () => {
  it("gives back the records it was made of, in their order", () => {
    fc.assert(
      fc.property(anyUsers, fc.integer({ min: 1, max: 6 }), (users, partitions) => {
        const { batch, crc, records } = batchOf(users, partitions);
        expect(faultOf(batch, crc)).toBeUndefined();
        expect(decodeBatch(batch)).toEqual(records);
      }),
    );
  });

  it("loses exactly the erased records; no other changes its place or offset", () => {
    fc.assert(
      fc.property(anyUsers, fc.integer({ min: 1, max: 5 }), fc.boolean(), (users, user, keeps) => {
        const { batch, records } = batchOf(users, 4);
        const keep = keeps ? (["decision"] as const) : [];
        const removal = { beforeOffset: 110, offsets: null, keep: [...keep] };
        const isErased = (r: (typeof records)[number]) =>
          r.subject === hex(user) && r.offset < 110 && !(keeps && r.kind === "decision");
        const erasure = eraseSubject(batch, 1, hex(user), removal);
        const left: Batch = { ...batch, body: erasure?.body ?? batch.body };
        expect(decodeBatch(left)).toEqual(records.filter((r) => !isErased(r)));
        expect(erasure?.removed.length ?? 0).toBe(records.filter(isErased).length);
        expect(eraseSubject(left, 1, hex(user), removal)).toBeUndefined();
        const picked = pickSubject(left.body, 1, hex(user));
        const own = picked === undefined ? [] : decodeBatch({ ...left, body: picked });
        expect(own).toEqual(records.filter((r) => r.subject === hex(user) && !isErased(r)));
      }),
    );
  });

  it("finds any flipped bit by its checksums", () => {
    fc.assert(
      fc.property(anyUsers, fc.nat(), (users, bit) => {
        const { batch, crc } = batchOf(users, 4);
        const bits = (batch.heads.length + batch.body.length) * 8;
        const whole = new Uint8Array(batch.heads.buffer, 0, bits / 8);
        const at = bit % bits;
        whole[at >>> 3] = whole[at >>> 3]! ^ (1 << (at & 7));
        expect(faultOf(batch, crc)).toBeDefined();
      }),
      { numRuns: 500 },
    );
  });

  it("has the bytes it had: a red line here means a new groupFormat and a reader for both", () => {
    const { batch, crc } = batchOf([1, 2, 1, 0, 3, 2, 1], 4);
    const bytes = new Uint8Array(batch.heads.buffer);
    const sha256 = createHash("sha256").update(bytes).digest("hex");
    expect({ groupFormat, crc, sha256 }).toEqual({
      groupFormat: 1,
      crc: 2382215621,
      sha256: "eae3a1d447ab3753149b59d172f7833fd4d3ab084361c7bb73235104dfcdeef0",
    });
  });

  it("places subjects where it always has", () => {
    const subjects = [1, 2, 3, 4].map((n) => hex(n));
    // Pinned for good: placement must never change. The hash itself has Kafka's vectors in base.
    expect(subjects.map((s) => partitionOf(7, s, 64))).toEqual([59, 63, 2, 17]);
    expect(partitionOf(7, "", 64)).toBe(0xffff);
  });
});
