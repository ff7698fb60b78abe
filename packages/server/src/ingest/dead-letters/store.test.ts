import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { DeadLetters, type NewDeadLetter } from "./store.ts";

let folder: string;
let letters: DeadLetters;
let now = Date.UTC(2026, 10, 22);
const start = now;

function open(change: object = {}): DeadLetters {
  return new DeadLetters({
    path: join(folder, "dead.sqlite"),
    now: () => now,
    deadLettersMax: 100,
    deadLetterDays: 30,
    subjectsOf: (tenant, id) => [`${tenant} user ${id}`, `${tenant} anonymous ${id}`],
    ...change,
  });
}
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "letters-"));
  now = start;
  letters = open();
});
afterEach(() => {
  letters.close();
  rmSync(folder, { recursive: true, force: true });
});

const letter = (userId: string, change: Partial<NewDeadLetter> = {}): NewDeadLetter => ({
  reason: "event_invalid",
  receivedAt: now,
  key: { id: "k1", kind: "public" },
  text: `{"userId":"${userId}"}`,
  ...change,
});
const onDisk = (text: string) =>
  readdirSync(folder).some((name) => readFileSync(join(folder, name)).includes(text));

test("what is kept is there after a new start, for its tenant alone, readable by its owner alone", () => {
  const sentAt = "2026-11-22T00:00:00Z";
  const [id] = letters.add(1, [
    letter("u1", { field: "event", detail: "d", messageId: "m", sentAt }),
  ]);
  letters.close();
  letters = open();
  expect(letters.get(1, id!)).toEqual({
    ...letter("u1"),
    id,
    field: "event",
    detail: "d",
    messageId: "m",
    sentAt,
  });
  expect(letters.get(2, id!)).toBeUndefined();
  expect(letters.list(2, 10)).toEqual([]);
  expect(letters.delete(2, id!)).toBe(false);
  expect(statSync(join(folder, "dead.sqlite")).mode & 0o777).toBe(0o600);
});

describe("forgetting", () => {
  test("takes whatever names the person, under any id of theirs, and leaves the others", () => {
    letters.add(1, [
      letter("canary-1"),
      letter("x", { text: `{"userId":"x","anonymousId":"canary-2"}` }),
      letter("other"),
    ]);
    letters.add(2, [letter("canary-1")]);
    const subjects = ["1 user canary-1", "1 anonymous canary-2"];
    expect(letters.forget(1, subjects)).toBe(2);
    expect(letters.list(1, 10).map(({ text }) => text)).toEqual([`{"userId":"other"}`]);
    expect(letters.list(2, 10)).toHaveLength(1);
    expect(letters.forget(2, ["2 user canary-1"])).toBe(1);
    expect(onDisk("canary")).toBe(false);
  });

  test("finds nothing twice", () => {
    letters.add(1, [letter("u1")]);
    expect(letters.forget(1, ["1 user u1"])).toBe(1);
    expect(letters.forget(1, ["1 user u1"])).toBe(0);
  });
});

describe("limits", () => {
  test("deadLettersMax is a tenant's own: at it all stay, one more and the oldest goes", () => {
    letters.close();
    letters = open({ deadLettersMax: 3 });
    letters.add(2, [letter("b")]);
    letters.add(1, [letter("a1"), letter("a2"), letter("a3")]);
    expect(letters.list(1, 10)).toHaveLength(3);
    letters.add(1, [letter("a4")]);
    expect(letters.list(1, 10).map(({ text }) => text)).toEqual(
      ["a4", "a3", "a2"].map((user) => `{"userId":"${user}"}`),
    );
    expect(letters.list(2, 10)).toHaveLength(1);
  });

  test("deadLetterDays is the limit: at it a letter stays, past it the bytes are gone", () => {
    letters.add(1, [letter("canary")]);
    now = start + 30 * 86_400_000;
    letters.add(1, [letter("other")]);
    expect(letters.list(1, 10)).toHaveLength(2);
    now += 600_001;
    letters.add(1, [letter("other")]);
    expect(letters.list(1, 10)).toHaveLength(2);
    expect(onDisk("canary")).toBe(false);
  });

  test("a text larger than any event may be is not kept, its reason is", () => {
    const pad = (bytes: number) => `{"userId":"u","x":"${"x".repeat(bytes - 21)}"}`;
    letters.add(1, [letter("u", { text: pad(262_144) }), letter("u", { text: pad(262_145) })]);
    expect(letters.list(1, 10).map(({ text }) => text?.length)).toEqual([undefined, 262_144]);
  });
});

test.each(["consent_denied", "erased_event_time"] as const)(
  "%s leaves its reason and nothing of the person",
  (reason) => {
    letters.add(1, [letter("canary-1", { reason, messageId: "canary-2" })]);
    const [kept] = letters.list(1, 10);
    expect(kept).toMatchObject({ reason });
    expect(kept?.text).toBeUndefined();
    expect(onDisk("canary")).toBe(false);
  },
);
