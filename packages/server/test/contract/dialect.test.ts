/**
 * The contract of a dialect, over every dialect: never throws, one entry an event, a fault in one leaves the
 * others as they are, a refusal has a code of the table; and accept decides about whatever comes out.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { errorTable, type UserEvent } from "@attune/protocol";
import { utf8Decode } from "../../src/base/text.ts";
import { acceptAll, type Accepted } from "../../src/ingest/accept.ts";
import { csv } from "../../src/ingest/dialect/csv.ts";
import type { Dialect, Parsed } from "../../src/ingest/dialect/dialect.ts";
import { jsonl } from "../../src/ingest/dialect/jsonl.ts";
import { segment } from "../../src/ingest/dialect/segment.ts";
import { sessionRec } from "../../src/ingest/dialect/session-rec.ts";
import { door, limits, receivedAt } from "../door.ts";

interface Subject {
  dialect: Dialect;
  header: string[];
  /** A sound event of this person and item. */
  event(person: string, item: string): string;
  /** Broken lines, with the code that each is refused with. */
  broken: [line: string, code: string][];
}

const map = { user: "who", item: "what", type: "did", time: "when", strength: "weight" };
const deep = (depth: number): string => `${'{"a":'.repeat(depth)}1${"}".repeat(depth)}`;
const quoted = (text: string): string => `"${text.replaceAll('"', '""')}"`;
const at = "2026-11-22T10:00:00Z";

const subjects: Subject[] = [
  {
    dialect: segment(limits),
    header: [],
    event: (userId, itemId) =>
      JSON.stringify({
        type: "track",
        event: "view",
        userId,
        properties: { itemId },
        timestamp: at,
      }),
    broken: [
      ["{", "json_invalid"],
      ["[]", "json_invalid"],
      ['{"type":"track","userId":"u"}', "event_invalid"],
      ['{"type":"nod","userId":"u"}', "event_invalid"],
      ['{"type":"track","event":"view","userId":{},"properties":{}}', "event_invalid"],
      ['{"type":"track","event":"view","userId":"u","timestamp":"soon"}', "event_invalid"],
      [
        '{"type":"track","event":"view","userId":"u","properties":{"price":1e999}}',
        "event_invalid",
      ],
      [
        '{"type":"track","event":"view","userId":"u","properties":{"__proto__":1}}',
        "event_invalid",
      ],
      [`{"type":"track","event":"view","userId":"u","properties":${deep(40)}}`, "event_too_large"],
      [`{"type":"track","event":"${"x".repeat(40_000)}","userId":"u"}`, "event_too_large"],
      ['{"batch":[]}', "batch_invalid"],
    ],
  },
  {
    dialect: jsonl(limits),
    header: [],
    event: (userId, item) => JSON.stringify({ type: "view", userId, item, at }),
    broken: [
      ["{", "json_invalid"],
      ["null", "json_invalid"],
      ['{"userId":"u"}', "event_invalid"],
      ['{"type":"view","userId":"u","item":"i","at":-5}', "event_invalid"],
      ['{"type":"view","userId":"u","item":"i","strength":1.5}', "event_invalid"],
      ['{"type":"consent","userId":"u","purpose":"fun","choice":"granted"}', "event_invalid"],
      [`{"type":"view","userId":"${"u".repeat(300)}"}`, "event_invalid"],
      [`{"type":"view","a":${"[".repeat(20_000)}${"]".repeat(20_000)}}`, "event_too_large"],
    ],
  },
  {
    dialect: sessionRec(limits),
    header: ["SessionId\tItemId\tTime"],
    event: (person, item) => `${person}\t${item}\t1593536687.5`,
    broken: [
      ["1\t2", "line_invalid"],
      ["1\t\t1593536687", "line_invalid"],
      ["1\t2\tnoon", "line_invalid"],
      [`1\t${"2".repeat(300)}\t1593536687`, "line_invalid"],
      [`1\t${"2".repeat(40_000)}\t1593536687`, "event_too_large"],
    ],
  },
  {
    dialect: csv(limits, map),
    header: ["who,what,did,when,weight"],
    event: (person, item) => `${quoted(person)},${quoted(item)},view,1593536687,`,
    broken: [
      ["u,i,view,1593536687", "line_invalid"],
      ["u,i,view,,", "line_invalid"],
      ["u,i,,1593536687,", "line_invalid"],
      ["u,i,view,1593536687,2.5", "line_invalid"],
      [`u,${"i".repeat(300)},view,1593536687,`, "line_invalid"],
      [`u,${"i".repeat(40_000)},view,1593536687,`, "event_too_large"],
    ],
  },
];

function read(dialect: Dialect, lines: readonly string[]): Parsed[] {
  const reader = dialect.open();
  return [...lines.flatMap((line) => reader.read(line)), ...reader.end()];
}

const archive = door({ clock: "archive" });

function payloads(accepted: readonly Accepted[]): UserEvent[] {
  return accepted.flatMap(({ records }) =>
    records.map((record) => JSON.parse(utf8Decode(record.payload)) as UserEvent),
  );
}

const naughty = JSON.parse(
  readFileSync(join(import.meta.dirname, "../data/blns/blns.json"), "utf8"),
) as string[];

describe.each(subjects)("dialect $dialect.name", ({ dialect, header, event, broken }) => {
  test("reads a sound event, and blank lines as nothing", () => {
    const parsed = read(dialect, [...header, "", event("u1", "i1"), "  ", "\r"]);
    const [accepted] = acceptAll(parsed, archive, receivedAt);
    expect(accepted?.verdict.result).toBe("ok");
    expect(payloads([accepted!])).toMatchObject([{ type: "view", item: "i1", strength: 1 }]);
    expect(parsed).toHaveLength(1);
  });

  test.each(broken)("refuses %.60s with %s and keeps its neighbours", (line, code) => {
    const parsed = read(dialect, [...header, event("u1", "i1"), line, event("u2", "i2")]);
    expect(parsed).toHaveLength(3);
    expect(parsed[1]).toMatchObject({ refusal: { code } });
    const accepted = acceptAll(parsed, archive, receivedAt);
    expect(accepted.map(({ verdict }) => verdict.result)).toEqual(["ok", "drop", "ok"]);
  });

  test("takes every naughty string as an id and gives it back as it was, cleaned", () => {
    let kept = 0;
    for (const text of naughty) {
      const parsed = read(dialect, [...header, event(text, text), event("after", "i")]);
      const accepted = acceptAll(parsed, archive, receivedAt);
      const last = payloads(accepted).at(-1);
      expect({ text, ...last }).toMatchObject({ text, type: "view", item: "i" });
      const found = payloads(accepted).some(
        (payload) => "item" in payload && payload.item === text,
      );
      if (found) kept += 1;
    }
    expect(naughty.length).toBeGreaterThan(500);
    // What is lost is blank text, and what a line of this dialect cannot hold.
    expect(kept).toBeGreaterThan(naughty.length - 40);
  });

  test("never throws, and refuses with codes of the table alone", () => {
    const noise = fc.oneof(
      fc.string({ unit: "binary", maxLength: 200 }),
      fc.json(),
      fc.constantFrom(...broken.map(([line]) => line), event("a", "b"), '"', '{"batch":['),
      fc.constantFrom(...naughty),
    );
    fc.assert(
      fc.property(fc.array(noise, { maxLength: 20 }), fc.boolean(), (lines, withHeader) => {
        const parsed = read(dialect, withHeader ? [...header, ...lines] : lines);
        for (const entry of parsed) {
          if ("refusal" in entry) expect(errorTable).toHaveProperty(entry.refusal.code);
        }
        for (const { verdict, records } of acceptAll(parsed, archive, receivedAt)) {
          expect(records.length > 0).toBe(verdict.result !== "drop");
          if (verdict.code !== undefined) expect(errorTable).toHaveProperty(verdict.code);
        }
      }),
      { numRuns: 300 },
    );
  });
});

describe("accept", () => {
  test("never throws on any event that a dialect's shape allows", () => {
    const anything = fc.object({ withBigInt: false, withDate: false, maxDepth: 3 });
    const text = fc.option(fc.string(), { nil: undefined });
    const event = fc.record({
      call: fc.constantFrom(
        ...(["track", "page", "screen", "identify", "group", "alias", "consent"] as const),
      ),
      name: fc.oneof(
        fc.string(),
        fc.constantFrom("view", "Order Completed", "seen", "rating", "play"),
      ),
      messageId: text,
      userId: text,
      anonymousId: text,
      previousId: text,
      properties: fc.oneof(
        anything,
        fc.record({ products: fc.array(anything), item: fc.anything(), rating: fc.anything() }),
      ) as fc.Arbitrary<Record<string, unknown>>,
      traits: anything as fc.Arbitrary<Record<string, unknown>>,
      context: fc.oneof(
        anything,
        fc.record({
          consent: fc.record({ categoryPreferences: fc.anything() }),
          device: fc.anything(),
        }),
      ) as fc.Arbitrary<Record<string, unknown>>,
      originalAt: fc.option(fc.nat(7_258_118_400_000), { nil: undefined }),
      sentAt: fc.option(fc.nat(7_258_118_400_000), { nil: undefined }),
    });
    fc.assert(
      fc.property(event, fc.boolean(), (incoming, isSigned) => {
        const signed = door({ identity: "claimed", identityMode: "signed" });
        const [accepted] = acceptAll([{ event: incoming }], isSigned ? signed : door(), receivedAt);
        expect(accepted!.records.length > 0).toBe(accepted!.verdict.result !== "drop");
        for (const { at: time, purposes } of accepted!.records) {
          expect(Number.isSafeInteger(time) && time >= 0).toBe(true);
          expect(time).toBeLessThanOrEqual(receivedAt + limits.futureSkewMsMax);
          expect(purposes >= 0 && purposes < 64).toBe(true);
        }
      }),
      { numRuns: 500 },
    );
  });
});
