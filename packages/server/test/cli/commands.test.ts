/**
 * The real commands, each a process of its own, on a data directory of their own: what a first user does, in
 * that order, and what happens when something is mistyped or damaged.
 */
import {
  appendFileSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { attuneIn } from "./attune.ts";

import type { Command } from "../../src/cli/command.ts";

let folder = "";
let data = "";

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "attune-cli-"));
  data = join(folder, "data");
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function attune(...argv: string[]) {
  const { status, stdout, stderr } = attuneIn(folder, data, argv);
  return { status, stdout, stderr };
}

/** The result of a command that must succeed. */
function json(...argv: string[]): Record<string, unknown> {
  const { status, stdout, stderr } = attune(...argv, "--json");
  expect({ status, stderr: status === 0 ? "" : stderr }).toEqual({ status: 0, stderr: "" });
  return JSON.parse(stdout) as Record<string, unknown>;
}

/** Ten users who look at some of twelve items, ten minutes apart; user 3 is the one to be forgotten. */
function events(): string {
  const lines: string[] = [];
  for (let user = 0; user < 10; user++) {
    for (let step = 0; step < 6; step++) {
      const event = {
        type: "track",
        event: "Product Viewed",
        userId: `user-${user}`,
        properties: { product_id: `item-${(user * 5 + step * (1 + (user % 3))) % 12}` },
        timestamp: new Date(Date.UTC(2026, 5, 1, 8 + user, step * 10)).toISOString(),
      };
      lines.push(JSON.stringify(event));
    }
  }
  lines.push('{"type":"track","event":"Product Viewed","userId":"u","timestamp":"soon"}');
  lines.push("not json at all");
  return `${lines.join("\n")}\n`;
}

describe("a first hour", () => {
  test("imports a file, tells good lines from bad ones, and keeps the bad ones with their reasons", () => {
    writeFileSync(join(folder, "events.jsonl"), events());
    const { stderr } = attune("import", "events.jsonl", "--format", "nonsense");
    expect(stderr).toContain("it is one of segment, jsonl, session-rec, csv");
    const result = json("import", "events.jsonl");
    expect(result).toMatchObject({ events: 62, ok: 60, drop: 2, records: 60, isDone: true });
    expect(result["codes"]).toEqual({ event_invalid: 1, json_invalid: 1 });
    const rejected = readFileSync(result["rejected"] as string, "utf8")
      .trim()
      .split("\n");
    expect(rejected.map((line) => (JSON.parse(line) as { line: number }).line)).toEqual([61, 62]);
  });

  test("keeps keys from other users of the machine", () => {
    expect(statSync(join(data, "tenants.json")).mode & 0o777).toBe(0o600);
    expect(statSync(data).mode & 0o777).toBe(0o700);
  });

  test("adds nothing when the same file is read again", () => {
    expect(json("import", "events.jsonl")).toMatchObject({ events: 0, records: 0 });
    expect(json("import", "events.jsonl", "--again")).toMatchObject({ records: 0, duplicate: 60 });
  });

  test("recommends with reasons that sum to the score", () => {
    const answer = json("recommend", "user-3", "--limit", "3");
    const items = answer["items"] as { score: number; reasons: { share: number }[] }[];
    expect(items.length).toBeGreaterThan(0);
    for (const { score, reasons } of items) {
      expect(reasons.reduce((sum, { share }) => sum + share, 0)).toBe(score);
    }
    expect(attune("recommend", "user-3").stdout).toContain("because");
    expect(json("recommend")["items"]).not.toEqual(items);
  });

  test("says how a placement does, of the days that the log is of", () => {
    const metrics = json("placements", "for-you");
    expect(metrics).toMatchObject({ placement: "for-you", from: "2026-05-26", to: "2026-06-01" });
    expect(metrics).toMatchObject({ catalogue: 12, mostPopular: { items: 10 } });
    const { status, stdout } = attune("placements", "for-you", "--to", "2026-06-01");
    expect([status, stdout]).toEqual([0, expect.stringContaining("share of the catalogue")]);
    expect(attune("placements").stdout).toContain("discover-weekly");
    expect(attune("placements", "nowhere").status).toBe(2);
  });

  test("shows a profile, and the log without anybody's id", () => {
    expect(json("profile", "user-3")).toMatchObject({ sequence: 6 });
    const { stdout } = attune("tail", "--from", "1");
    expect(stdout).toContain("type=view");
    expect(stdout).not.toContain("user-3");
    const kinds = attune("tail", "--from", "1", "--kind", "policy", "--json")
      .stdout.trim()
      .split("\n");
    expect(kinds.map((line) => (JSON.parse(line) as { kind: string }).kind)).toEqual(["policy"]);
  });

  test("equals a replay of its log", () => {
    expect(json("verify")).toMatchObject({ isEqual: true, differences: [] });
  });

  test("forgets a user, and with a backup of yesterday stays forgotten", () => {
    json("backup", "yesterday");
    const before = (json("users") as { users: number }).users;
    const { before: digests, after } = json("forget", "user-3");
    expect(after).not.toEqual(digests);
    expect(attune("profile", "user-3")).toMatchObject({ status: 1 });
    expect(json("users")["users"]).toBe(before - 1);
    expect(json("verify")["isEqual"]).toBe(true);
    const logged = readdirSync(data).filter((name) => name.startsWith("log"));
    const text = logged.map((name) => readFileSync(join(data, name), "latin1")).join("");
    expect(text).toContain("user-4");
    expect(text).not.toContain("user-3");

    expect(attune("restore", "yesterday").stderr).toContain("--replace");
    expect(json("restore", "yesterday", "--replace")).toMatchObject({ forgottenAgain: 1 });
    expect(attune("profile", "user-3")).toMatchObject({ status: 1 });
    expect(json("users")["users"]).toBe(before - 1);
    expect(json("import", "events.jsonl", "--again")).toMatchObject({
      records: 0,
      duplicate: 54,
      codes: { erased_event_time: 6, event_invalid: 1, json_invalid: 1 },
    });
    expect(json("verify")["isEqual"]).toBe(true);
  });

  test("refuses a damaged backup, by the name of the file", () => {
    appendFileSync(join(folder, "yesterday", "state.sqlite"), "x");
    const { status, stderr } = attune("restore", "yesterday", "--data", join(folder, "elsewhere"));
    expect(status).toBe(1);
    expect(stderr).toContain("state.sqlite is not what the manifest says");
  });
});

describe("what was mistyped", () => {
  test.each([
    [["improt"], 2, "Did you mean import?"],
    [["import", "--fromat", "csv"], 2, "did you mean --format?"],
    [["forget"], 2, "name a user"],
    [["forget", "nobody-knows"], 1, "not_found"],
    [["recommend", "u", "--limit", "201"], 2, "a whole number from 1 to 200"],
    [["users", "--set", "hotUserMax=5"], 2, "did you mean hotUsersMax?"],
    [["users", "--set", "hotUsersMax=none"], 2, "a whole number from 1"],
    [["users", "one", "two"], 2, "one argument too many"],
    [["users", "--tenant", "acme"], 1, "there are: "],
    [["import", "missing.jsonl"], 1, "There is no file"],
    [["tail", "--kind", "evnt"], 2, "it is one of event, decision"],
  ])("%j is told with a fix and exit code %i", (argv, code, text) => {
    const { status, stderr, stdout } = attune(...argv);
    expect(stderr).toContain(text);
    expect(stderr.trim().split("\n")).toHaveLength(1);
    expect({ status, stdout }).toEqual({ status: code, stdout: "" });
  });

  test("every command of the list has a help that begins with its usage", async () => {
    const { status, stdout } = attune("--help");
    expect(status).toBe(0);
    const names = [...stdout.matchAll(/^ {2}(\w+) {2,}/gm)].map(([, name]) => name!);
    expect(names.length).toBeGreaterThan(10);
    for (const name of names) {
      const { command } = (await import(`../../src/cli/${name}.ts`)) as { command: Command };
      expect(command.help.startsWith(`attune ${name}`)).toBe(true);
      expect(command.help).not.toContain("undefined");
      expect(stdout).toContain(`${command.name} `);
    }
    expect(attune("import", "--help").stdout).toContain("--format NAME");
  });
});

test("a table with quotes and types in its header is imported through a map", () => {
  const rows = [
    "user_id:token\titem_id:token\trating:float\ttimestamp:float",
    "196\t242\t3\t881250949",
    "186\t302\t5\t891717742",
    '196\t"a ""quoted""\nitem"\t5\t881250900',
    "x\ty\tz",
  ];
  writeFileSync(join(folder, "ratings.tsv"), rows.join("\n"));
  const map = {
    user: "user_id",
    item: "item_id",
    type: { is: "rating" },
    rating: "rating",
    time: "timestamp",
  };
  writeFileSync(join(folder, "map.json"), JSON.stringify(map));
  const elsewhere = ["--data", join(folder, "ratings")];
  const result = json("import", "ratings.tsv", "--map", "map.json", ...elsewhere);
  expect(result).toMatchObject({ events: 4, ok: 3, drop: 1, codes: { line_invalid: 1 } });
  const { ring } = json("profile", "196", ...elsewhere) as { ring: { item: string }[] };
  // In the order of time, which is not that of the file.
  expect(ring.map(({ item }) => item)).toEqual(['a "quoted"\nitem', "242"]);
});

test("the demo ends by itself, finds every digest equal and leaves nothing behind", () => {
  const left = () => readdirSync(tmpdir()).filter((name) => name.startsWith("attune-demo-")).length;
  const before = left();
  const result = json("demo", "--fast", "--shoppers", "1");
  expect(result).toMatchObject({ forgotten: 1, areDigestsEqual: true, isReplayEqual: true });
  expect(left()).toBeLessThanOrEqual(before);
});
