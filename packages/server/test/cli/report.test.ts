/** `attune report` as a process, on tables as strangers have them: usual ones, hostile ones, and none at all. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { attuneIn } from "./attune.ts";
import { Prng } from "../../src/base/prng.ts";

let folder = "";

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "attune-report-"));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function attune(...argv: string[]) {
  return attuneIn(folder, join(folder, "data"), argv);
}

const written = (name: string, text: string | Buffer): string => {
  writeFileSync(join(folder, name), text);
  return name;
};

/** Shelves of ten items; whoever takes one of a shelf takes others of it. `item` makes the id. */
function rows(item: (shelf: number, place: number) => string): string[] {
  const prng = new Prng(9);
  return Array.from({ length: 150 }, (_, session) => {
    const shelf = prng.below(12);
    return Array.from({ length: 5 }, (_step, step) => {
      const at = new Date(Date.UTC(2026, 5, 1, 0, session * 9 + step, session % 60)).toISOString();
      return `visitor-${session % 70},${item(shelf, prng.below(10))},${at},Product Viewed`;
    });
  }).flat();
}

interface Result {
  reading: {
    columns: Record<string, string>;
    rows: number;
    refused: number;
    refusals: { line: number; reason: string }[];
    without: { name: string; rows: number }[];
    withoutEffect: number;
  };
  quality: Record<"attune" | "popular" | "lastItem", { questions: number; hr: { value: number } }>;
  history: { interactions: number; leftOut: number; users: number };
}

function resultOf(...argv: string[]): Result {
  const { status, stdout, stderr } = attune("report", ...argv, "--json");
  expect({ status, stderr: status === 0 ? "" : stderr }).toEqual({ status: 0, stderr: "" });
  return JSON.parse(stdout) as Result;
}

const plain = (shelf: number, place: number): string => `item-${shelf}-${place}`;

/** Every tag that is opened is closed, in order; nothing else stands for a browser to guess. */
function unclosed(html: string): string[] {
  const open: string[] = [];
  const void_ = new Set(["meta", "line", "circle"]);
  for (const [, slash, name] of html.matchAll(/<(\/?)([a-z][a-z0-9]*)\b[^>]*>/gi)) {
    if (void_.has(name!) || name === "!doctype") continue;
    if (slash === "") open.push(name!);
    else if (open.at(-1) === name) open.pop();
    else return [...open, `/${name}`];
  }
  return open;
}

describe("a table", () => {
  test("is read by the usual names of its columns, and becomes a page that needs nothing else", () => {
    const head = "Visitor ID,Product_ID,created_at,event";
    written("shop.csv", [head, ...rows(plain)].join("\n"));
    const result = resultOf("shop.csv", "--html", "page.html");
    expect(result.reading).toMatchObject({
      columns: { user: "Visitor ID", item: "Product_ID", time: "created_at", type: "event" },
      rows: 750,
      refused: 0,
    });
    expect(result.history).toMatchObject({ interactions: 750, users: 70, leftOut: 0 });
    const { attune: ours, popular } = result.quality;
    expect(ours.hr.value).toBeGreaterThan(popular.hr.value + 0.2);
    const html = readFileSync(join(folder, "page.html"), "utf8");
    expect(html).not.toMatch(/<script|https?:\/\/(?!www\.w3\.org\/2000\/svg)|<link|<img|@import/);
    expect(html).toContain("In plain words");
    expect(html).toContain("Attune is better than the most popular items");
    expect(html).toContain("prefers-color-scheme: dark");
    expect(html).toContain('<th scope="col">HR@20</th>');
    expect(html.match(/<svg [^>]*role="img" aria-label="Hit rate/g)).toHaveLength(2);
    expect(unclosed(html)).toEqual([]);
    // Whose the interactions are stands nowhere.
    expect(html).not.toContain("visitor-");
  }, 60_000);

  test("gives the same page's figures with tabs, semicolons, packed, and with its columns named", () => {
    const lines = ["who,what,when,how", ...rows(plain)];
    const names = ["--user", "who", "--item", "what", "--time", "when", "--type", "how"];
    const [one, ...others] = [
      written("a.csv", lines.join("\r\n")),
      written("a.tsv", lines.join("\n").replaceAll(",", "\t")),
      // As a warehouse exports times.
      written("b.csv", lines.join("\n").replaceAll(/T(..:..:..)\.000Z/g, " $1 UTC")),
      written("a.csv.gz", gzipSync(lines.join("\n").replaceAll(",", ";"))),
    ].map((name) => resultOf(name, "--questions-max", "60", ...names));
    for (const other of others) expect(other!.quality).toEqual(one!.quality);
  }, 60_000);

  test("holds no more than it is told to, the newest, and says so", () => {
    const name = written("long.csv", ["user,item,time,type", ...rows(plain)].join("\n"));
    const { stdout } = attune("report", name, "--interactions-max", "400", "--questions-max", "20");
    expect(stdout).toMatch(/350 interactions before .* were left out: the newest 400 are held/);
    expect(stdout).toMatch(/further questions were not asked/);
  }, 60_000);
});

describe("a hostile table", () => {
  test("costs only its bad rows, which are counted and named, and puts no markup into the page", () => {
    const evil = (shelf: number, place: number): string =>
      `"<script>alert('${shelf}')</script><b onclick=""x"">${place}\u202E"`;
    const good = rows(evil);
    const lines = [
      "user,item,time,<i>event</i>",
      ...good.slice(0, 300),
      "u,item,soon,view",
      "u,item,view",
      ",item,2026-06-01T00:00:00Z,view",
      `u,${"x".repeat(40_000)},2026-06-01T00:00:00Z,view`,
      "u,,2026-06-01T00:00:00Z,view",
      "u,item,2026-06-01T00:00:00Z,<b>Sneezed</b>",
      ...good.slice(300),
      'u,"never closed,2026-06-01T00:00:00Z,view',
    ];
    const name = written("evil<img src=x>.csv", lines.join("\n"));
    const result = resultOf(name, "--html", "evil.html", "--type", "<i>event</i>");
    const { reading } = result;
    expect(reading).toMatchObject({ rows: 757, refused: 5, withoutEffect: 2 });
    expect(reading.refusals.map(({ line }) => line)).toEqual([302, 303, 304, 305, 758]);
    expect(reading.refusals[0]!.reason).toBe(
      "the time (column time) must be seconds, milliseconds or ISO 8601",
    );
    expect(reading.refusals[1]!.reason).toContain("3 cells, the header 4");
    expect(reading.without).toEqual([
      { name: "<b>Sneezed</b>", rows: 1 },
      { name: "no item", rows: 1 },
    ]);
    expect(result.history.interactions).toBe(750);
    const html = readFileSync(join(folder, "evil.html"), "utf8");
    expect(html).toContain("&lt;script&gt;alert(&#39;");
    expect(html).not.toMatch(/<script|<b |<b>|<i>|<img|onclick="|\u202E/);
    expect(unclosed(html)).toEqual([]);
    // The control: this check does see markup that is let through.
    expect(unclosed(html.replace("&lt;script&gt;", "<script>"))).not.toEqual([]);
  }, 60_000);

  test.each([
    ["an empty file", "", 1, "is empty. Its first line names the columns"],
    ["a header alone", "user,item,time\n", 1, "has a header and no rows"],
    [
      "no item",
      "user,thing_nr,time\nu,a,1\n",
      2,
      /looks like an item .*It has: user, thing_nr, time.*--item/,
    ],
    ["no time", "user,item\nu,a\n", 2, /looks like a time .*--time COLUMN/],
    [
      "nobody",
      "item,time\na,1\n",
      2,
      /looks like a user, or a session .*--user COLUMN or --session/,
    ],
    [
      "no rows that can be read",
      "user,item,time\nu,a,soon\n",
      1,
      /1 of 1 rows .* line 2: the time/,
    ],
    ["unknown words alone", "user,item,time,type\nu,a,1,film\n", 1, /says film, .*--is view/],
    ["what steers a terminal", "user,item,time,type\nu,a,1,\u001b[2Jx\n", 1, /says \uFFFD\[2Jx/],
    ["one moment", "user,item,time\nu,a,5\nu,b,5\n", 1, /All interactions have the same time/],
    ["nobody twice", "user,item,time\nu,a,5\nv,b,6\nw,b,7\n", 1, /nobody did a second thing/],
    ["a quote in the header", '"user,item,time\nu,a,5\n', 1, /no header: a quote/],
    ["bytes that are no text", Buffer.from([0xff, 0, 1, 10, 0xfe, 0, 10]), 2, /looks like/],
  ])("%s is answered with what is wrong", (_what, text, status, message) => {
    const answered = attune("report", written("wrong.csv", text));
    expect(answered.stderr).toMatch(message);
    expect(answered.stderr).not.toMatch(/\n {4}at /);
    expect(answered.status).toBe(status);
  });

  test.each([
    [["report"], "name a table"],
    [["report", "none.csv"], "There is no file"],
    [["report", "here.csv", "--user", "usr"], "Did you mean user?"],
    [["report", "here.csv", "--is", "sneeze"], "give view, play"],
    [["report", "here.csv", "--html", "here.csv"], "names the table itself"],
    [["report", "here.csv", "--html", "no/folder/page.html"], "cannot be written; name another"],
    [["report", "here.csv", "--k", "0"], "from 1 to 200"],
  ])("%j is answered with what is wrong", (argv, message) => {
    written("here.csv", "user,item,time\nu,a,5\n");
    expect(attune(...argv).stderr).toContain(message);
  });
});

test("the list of commands has it", () => {
  expect(attune("--help").stdout).toMatch(/\n {2}report +one page on your own table/);
  expect(attune("report", "--help").stdout).toContain("--interactions-max N");
});
