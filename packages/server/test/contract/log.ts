/** What every log promises: one suite, run over each implementation by log.test.ts. */
import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { AssertionError } from "../../src/base/assert.ts";
import { everyPartition, type LogRecord, type RecordInput } from "../../src/base/record.ts";
import { type Commit, type Log, LogUnavailableError, type Removal } from "../../src/log/log.ts";
import { testFaults } from "./log-faults.ts";
import type { LogStage, Open, OpenOptions } from "./log-stage.ts";
import { clock, dayMs, event, hashOf, readAll, readTexts, someDay, textOf } from "./records.ts";

const isLong = process.env["ATTUNE_LONG"] === "1";
const all: Removal = { seqs: [[1, 1e9]], beforeOffset: Infinity, offsets: null, keep: [] };

export function testLogContract(name: string, makeStage: () => LogStage): void {
  describe(`contract of the log: ${name}`, () => {
    let stage: LogStage;
    const opened: Log[] = [];
    const open = async (options?: OpenOptions): Promise<Log> => {
      const log = await stage.open(options);
      opened.push(log);
      return log;
    };
    beforeEach(() => {
      stage = makeStage();
    });
    afterEach(async () => {
      for (const log of opened.splice(0)) await log.close().catch(() => undefined);
      stage.dispose();
    });

    testAppending(open);
    testDuplicates(open);
    testErasure(open, () => stage);
    testFaults(open, () => stage);
    testSharing(open, () => stage);
  });
}

function testAppending(open: Open): void {
  it("gives back what was appended, in order, with every field, also after a new start", async () => {
    const log = await open();
    const records = [
      event("a", "1", { identity: "verified", purposes: 63, at: -5, source: "ä".repeat(32) }),
      event("b", "2", { kind: "decision", tenant: 4_294_967_295, payload: new Uint8Array(0) }),
      event("a", "3", { receivedAt: someDay + 7, payload: new Uint8Array(70_000).fill(9) }),
    ];
    const result = await log.append(records);
    expect(result).toMatchObject({ seq: 1, results: ["appended", "appended", "appended"] });
    expect(result.position).toBe(`${log.epoch}.1`);
    const [commit] = await readAll(log);
    expect(commit?.records.map(asInput)).toEqual(records);
    await log.close();
    const again = await open();
    expect(again.epoch).toBe(log.epoch);
    expect(again.head()).toBe(1);
    expect(await readAll(again)).toEqual([commit]);
  });

  it("hands each commit to the listener before its append resolves, as it can be read", async () => {
    const log = await open();
    const heard: Commit[] = [];
    log.onCommit((commit) => heard.push(commit));
    await Promise.all(
      Array.from({ length: 50 }, async (_, i) => {
        const { seq } = await log.append([event(`u${i % 7}`, `${i}`)]);
        expect(heard.some((commit) => commit.seq === seq)).toBe(true);
        expect(log.head()).toBeGreaterThanOrEqual(seq);
      }),
    );
    expect(heard.flatMap((commit) => commit.records)).toHaveLength(50);
    expect(await readAll(log)).toEqual(heard);
  });

  it("keeps the order of calls, numbers each partition densely and never splits a call", async () => {
    const user = fc.constantFrom("a", "b", "c", "d", "");
    const calls = fc.array(fc.array(user, { minLength: 1, maxLength: 6 }), { maxLength: 12 });
    let round = 0;
    const log = await open({ commitBytesMax: 900 });
    let head = 0;
    const next = Array.from({ length: log.partitions }, () => 0);
    const runs = isLong ? 500 : 25;
    await fc.assert(
      fc.asyncProperty(calls, async (lists) => {
        round++;
        const expected: string[] = [];
        const appends = lists.map((users, c) => {
          const records = users.map((u, i) => event(u, `${round}-${c}-${i}`));
          expected.push(...records.map(textOf));
          return log.append(records);
        });
        const results = await Promise.all(appends);
        const commits = await readAll(log, head);
        expect(commits.flatMap((c) => c.records.map(textOf))).toEqual(expected);
        for (const { records, seq } of commits) {
          expect(seq).toBe(++head);
          for (const record of records) expectNextOffset(record, next);
        }
        results.forEach(({ seq }, c) => {
          const texts = commits.find((x) => x.seq === seq)?.records.map(textOf) ?? [];
          for (const i of lists[c]!.keys())
            expect(texts).toContain(`${lists[c]![i]}:${round}-${c}-${i}`);
        });
      }),
      { numRuns: runs },
    );
    await log.close();
    const again = await open();
    const { seq } = await again.append([event("a", "last")]);
    const [commit] = await readAll(again, seq - 1);
    expectNextOffset(commit!.records[0]!, next);
  });

  it("shares a commit among calls and keeps to commitBytesMax", async () => {
    const log = await open({ commitBytesMax: 5_000 });
    const payload = new Uint8Array(1_000);
    const calls = Array.from({ length: 40 }, (_, i) =>
      log.append([event("a", `${i}`, { payload })]),
    );
    const seqs = (await Promise.all(calls)).map((result) => result.seq);
    expect(new Set(seqs).size).toBeLessThan(40);
    const commits = await readAll(log);
    for (const { records } of commits) expect(records.length).toBeLessThanOrEqual(5);
    const big = await log.append([event("a", "big", { payload: new Uint8Array(60_000) })]);
    expect(big.results).toEqual(["appended"]);
  });

  it("stores a record for every partition once and moves the offset of each", async () => {
    const log = await open({ partitions: 4 });
    const users = Array.from({ length: 30 }, (_, i) => `u${i}`);
    await log.append(users.map((u) => event(u, `1-${u}`)));
    await log.append([event("u0", "2"), clock("hour 1"), event("u0", "3")]);
    await log.append(users.map((u) => event(u, `4-${u}`)));
    const records = (await readAll(log)).flatMap((c) => c.records);
    const clocks = records.filter((r) => r.kind === "clock");
    expect(clocks).toHaveLength(1);
    expect(clocks[0]?.partition).toBe(everyPartition);
    const next = [0, 0, 0, 0];
    for (const record of records) expectNextOffset(record, next);
    expect(new Set(records.map((r) => r.partition)).size).toBe(5);
  });

  it("reads from any position up to the head at the time of the call", async () => {
    const log = await open();
    for (let i = 1; i <= 20; i++) await log.append([event("a", `${i}`)]);
    expect((await readAll(log, 15)).map((c) => c.seq)).toEqual([16, 17, 18, 19, 20]);
    expect(await readAll(log, 20)).toEqual([]);
    expect(await readAll(log, 99)).toEqual([]);
    const early = log.read(18);
    await log.append([event("a", "21")]);
    const seqs: number[] = [];
    for await (const commit of early) seqs.push(commit.seq);
    expect(seqs).toEqual([19, 20]);
  });

  it("reads one subject's records, and nobody else's, from the given commits", async () => {
    const log = await open();
    for (let i = 1; i <= 9; i++) await log.append([event("a", `a${i}`), event("b", `b${i}`)]);
    const { subject } = event("a", "");
    const found = await log.readSubject(1, subject, [
      [2, 3],
      [7, 99],
    ]);
    expect(found.map(textOf)).toEqual(["a:a2", "a:a3", "a:a7", "a:a8", "a:a9"]);
    expect(found.map((r) => r.seq)).toEqual([2, 3, 7, 8, 9]);
    expect(await log.readSubject(2, subject, [[1, 9]])).toEqual([]);
    const [commit] = await readAll(log, 8);
    expect(found.at(-1)).toEqual(commit?.records[0]);
  });

  it("refuses a record that it could not give back, and stores nothing of the call", async () => {
    const log = await open();
    const bad = [
      { messageHash: "ABC" },
      { subject: "x" },
      { at: 0.5 },
      { tenant: -1 },
      { schema: 9 },
    ];
    for (const change of [...bad, { source: "s".repeat(65) }]) {
      const call = async () => log.append([event("a", "good"), event("a", "bad", change)]);
      await expect(call()).rejects.toThrow(AssertionError);
    }
    const { results } = await log.append([event("a", "good")]);
    expect(results).toEqual(["appended"]);
    expect(await readTexts(log)).toEqual(["a:good"]);
  });

  it("finishes what is queued before it closes, and takes nothing after", async () => {
    const log = await open();
    const calls = Array.from({ length: 20 }, (_, i) => log.append([event("a", `${i}`)]));
    await log.close();
    await Promise.all(calls);
    await expect(log.append([event("a", "late")])).rejects.toMatchObject({ reason: "closed" });
    expect(await readTexts(await open())).toHaveLength(20);
  });
}

function testDuplicates(open: Open): void {
  it("tells duplicates by tenant, source and message id, in one call and across calls", async () => {
    const log = await open();
    const first = await log.append([event("a", "1"), event("b", "1"), event("a", "2")]);
    expect(first.results).toEqual(["appended", "duplicate", "appended"]);
    const second = await log.append([
      event("a", "1", { tenant: 2 }),
      event("a", "1", { source: "key-2" }),
      event("a", "1"),
    ]);
    expect(second.results).toEqual(["appended", "appended", "duplicate"]);
    const third = await log.append([event("a", "2")]);
    expect(third).toMatchObject({ seq: 2, results: ["duplicate"], position: `${log.epoch}.2` });
    expect(await readTexts(log)).toHaveLength(4);
  });

  it("acknowledges no duplicate before its original is durable", async () => {
    const log = await open();
    let durable = 0;
    log.onCommit((commit) => (durable = commit.seq));
    const original = log.append([event("a", "1")]);
    const copy = log.append([event("a", "1")]).then((result) => ({ result, durable }));
    const { result, durable: then } = await copy;
    expect(result.results).toEqual(["duplicate"]);
    expect(then).toBeGreaterThanOrEqual((await original).seq);
    expect(result.seq).toBeGreaterThanOrEqual((await original).seq);
  });

  it("remembers ids across a new start, from the log alone and from a stored set", async () => {
    const log = await open();
    for (let i = 0; i < 30; i++) await log.append([event("a", `${i}`)]);
    const dedupe = log.dedupeSnapshot();
    for (let i = 30; i < 60; i++) await log.append([event("a", `${i}`)]);
    await log.close();
    const resent = Array.from({ length: 61 }, (_, i) => event("a", `${i}`));
    const rebuilt = await open();
    const results = (await rebuilt.append(resent)).results;
    expect(results.indexOf("appended")).toBe(60);
    await rebuilt.close();
    const restored = await open({ dedupe });
    expect((await restored.append(resent)).results).not.toContain("appended");
  });

  it("forgets an id after the window and not before", async () => {
    let now = someDay;
    const log = await open({ now: () => now, dedupeWindowDays: 7 });
    const send = async () => (await log.append([event("a", "1", { receivedAt: now })])).results[0];
    expect(await send()).toBe("appended");
    now = someDay + 7 * dayMs;
    expect(await send()).toBe("duplicate");
    now = someDay + 8 * dayMs;
    expect(await send()).toBe("appended");
    await log.close();
    const again = await open({ now: () => now });
    expect((await again.append([event("a", "1", { receivedAt: now })])).results).toEqual([
      "duplicate",
    ]);
  });

  it("takes a merged copy once and keeps the client's resend a duplicate", async () => {
    let log = await open();
    const original = event("anonymous", "1");
    const merged = { ...original, subject: hashOf("user known"), merged: true };
    await log.append([original]);
    expect((await log.append([merged, merged])).results).toEqual(["appended", "duplicate"]);
    expect((await log.append([original])).results).toEqual(["duplicate"]);
    await log.rewrite(1, original.subject, all);
    expect((await log.append([original, merged])).results).toEqual(["duplicate", "duplicate"]);
    await log.close();
    log = await open();
    expect((await log.append([original, merged])).results).toEqual(["duplicate", "duplicate"]);
    await log.rewrite(1, merged.subject, all);
    expect((await log.append([original])).results).toEqual(["appended"]);
  });
}

function testErasure(open: Open, stage: () => LogStage): void {
  it("removes a subject's bytes from every file and leaves all other records in place", async () => {
    const log = await open();
    const canary = `canary-${hashOf("canary")}`;
    const padding = "x".repeat(9_000);
    for (let i = 0; i < 40; i++) {
      const payload = new TextEncoder().encode(`${padding}${canary}${padding}`);
      const records = [
        event("b", `b${i}`),
        event("gone", `g${i}`, { payload }),
        event("c", `c${i}`),
      ];
      await log.append(i % 4 === 0 ? records : records.filter((_, n) => n !== 1));
    }
    await log.append([event("gone", "last", { payload: new TextEncoder().encode(canary) })]);
    const { subject } = event("gone", "");
    const before = (await readAll(log)).flatMap((c) =>
      c.records.filter((r) => r.subject !== subject),
    );
    expect(stage().holds(canary)).toBe(true);
    expect(await log.rewrite(1, subject, all)).toBe(11);
    expect(stage().holds(canary)).toBe(false);
    expect(stage().holds("b:b39")).toBe(true);
    expect(await log.rewrite(1, subject, all)).toBe(0);
    const after = await readAll(log);
    expect(after.map((c) => c.seq)).toEqual(Array.from({ length: 41 }, (_, i) => i + 1));
    expect(after.at(-1)?.records).toEqual([]);
    expect(after.flatMap((c) => c.records)).toEqual(before);
    expect((await log.append([event("gone", "last")])).results).toEqual(["appended"]);
    await log.close();
    expect(stage().holds(canary)).toBe(false);
    const again = await open();
    const reread = (await readAll(again)).flatMap((c) => c.records);
    expect(reread.slice(0, -1)).toEqual(before);
    const dense = reread.filter((r) => r.subject === subject).map((r) => r.offset);
    expect(dense[0]).toBeGreaterThan(10);
  });

  it("removes below an offset or by list, and never what is to be kept", async () => {
    const log = await open({ partitions: 1 });
    for (let i = 0; i < 6; i++) {
      await log.append([event("a", `a${i}`), event("b", `b${i}`)]);
    }
    await log.append([event("a", "forget", { kind: "forget" })]);
    const { subject } = event("a", "");
    const seqs: [number, number][] = [[2, 7]];
    const offsets = [2, 6, 99];
    expect(await log.rewrite(1, subject, { seqs, beforeOffset: 0, offsets, keep: [] })).toBe(2);
    expect(await log.rewrite(1, subject, { ...all, seqs, beforeOffset: 8 })).toBe(1);
    expect(await log.rewrite(1, subject, { ...all, seqs, keep: ["forget"] })).toBe(2);
    const left = await log.readSubject(1, subject, [[1, 7]]);
    expect(left.map(textOf)).toEqual(["a:a0", "a:forget"]);
    expect(left.map((r) => r.offset)).toEqual([0, 12]);
    expect((await readTexts(log)).filter((text) => text.startsWith("b:"))).toHaveLength(6);
  });
}

function testSharing(open: Open, stage: () => LogStage): void {
  it("fences the first opener once a second one has the log", async ({ skip }) => {
    const why = stage().whyNotShared;
    if (why !== undefined) skip(why);
    const first = await open();
    await first.append([event("a", "1")]);
    const second = await open();
    const refused = await first.append([event("a", "2")]).catch((error: unknown) => error);
    expect(refused).toBeInstanceOf(LogUnavailableError);
    expect(refused).toMatchObject({ reason: "fenced" });
    await expect(first.append([event("a", "3")])).rejects.toMatchObject({ reason: "fenced" });
    expect((await second.append([event("a", "2")])).results).toEqual(["appended"]);
    await first.close();
    expect((await second.append([event("a", "4")])).results).toEqual(["appended"]);
    expect(await readTexts(second)).toEqual(["a:1", "a:2", "a:4"]);
  });

  it("copies a running log whole; the copy opens in an epoch of its own", async ({ skip }) => {
    const why = stage().whyNoBackup;
    if (why !== undefined) skip(why);
    const log = await open();
    for (let i = 0; i < 50; i++) await log.append([event("a", `${i}`)]);
    let isCopied = false;
    const dir = stage().backupDir as string;
    const copying = log.backup(dir).finally(() => (isCopied = true));
    for (let i = 50; !isCopied || i < 60; i++) await log.append([event("a", `${i}`)]);
    const files = await copying;
    expect(files).toHaveLength(1);
    expect(files[0]?.sha256).toMatch(/^[0-9a-f]{64}$/);
    const copy = await stage().openBackup!(dir);
    const texts = await readTexts(copy);
    expect(texts.length).toBeGreaterThanOrEqual(50);
    expect(texts).toEqual((await readTexts(log)).slice(0, texts.length));
    expect(copy.epoch).not.toBe(log.epoch);
    await copy.close();
  });
}

function asInput({ partition: _p, offset: _o, seq: _s, ...input }: LogRecord): RecordInput {
  return input;
}

function expectNextOffset(record: LogRecord, next: number[]): void {
  const { partition, offset } = record;
  const lane = partition === everyPartition ? 0 : partition;
  expect(offset).toBe(next[lane]);
  for (const p of next.keys()) {
    if (partition === everyPartition || partition === p) next[p] = (next[p] as number) + 1;
  }
}
