/**
 * The report as one HTML page that needs nothing else: no script, no font, no picture from elsewhere. What comes
 * from the file is text in it and nothing more; whose the interactions are stands nowhere.
 */
import { chartOf } from "../chart.ts";
import { escaped } from "../markup.ts";
import type { Method } from "./answers.ts";
import { methods, type Quality, type ReportFigures } from "./report.ts";
import { machineRows } from "./machine-words.ts";
import {
  grouped,
  lagName,
  leftOut,
  moment,
  percent,
  points,
  type ReadingNotes,
  share,
  summary,
} from "./words.ts";

const methodNames: Readonly<Record<Method, string>> = {
  attune: "Attune, as shipped",
  popular: "most popular",
  lastItem: "neighbours of the last item",
};

const style = `
  :root { color-scheme: light dark; --ink: #1f1f1f; --soft: #5a5a5a; --line: #d9d9d9; --paper: #fff; --fill: #f4f6f8; }
  @media (prefers-color-scheme: dark) {
    :root { --ink: #ececec; --soft: #b4b4b4; --line: #444; --paper: #161616; --fill: #212428; }
  }
  body { margin: 0; background: var(--paper); color: var(--ink); font: 16px/1.55 system-ui, sans-serif; }
  main { max-width: 52rem; margin: 0 auto; padding: 2rem 1rem 4rem; }
  h1 { font-size: 1.7rem; line-height: 1.2; overflow-wrap: anywhere; } h2 { margin-top: 2.5rem; font-size: 1.25rem; }
  .summary { background: var(--fill); padding: .5rem 1.25rem; border-radius: .5rem; }
  .soft { color: var(--soft); }
  .wide { overflow-x: auto; }
  table { border-collapse: collapse; margin: 1rem 0; width: 100%; font-variant-numeric: tabular-nums; }
  caption { text-align: left; font-weight: 600; padding: .25rem 0; }
  th, td { text-align: left; vertical-align: top; padding: .35rem .75rem .35rem 0; border-bottom: 1px solid var(--line); }
  thead th { color: var(--soft); font-weight: 600; }
  svg { width: 100%; height: auto; margin: .5rem 0; }
  ol { margin: 0; padding-left: 1.4rem; }
  bdi { overflow-wrap: break-word; }
  @media print { body { background: #fff; } }`;

/** A cell is text; `markup` has been made from escaped text. */
type Cell = string | { markup: string };

export function pageOf(file: string, report: ReportFigures, notes: ReadingNotes): string {
  const name = escaped(file);
  const { history, k } = report;
  const sections = [
    section("How good the lists are", qualityPart(report)),
    section("What being late costs", latePart(report)),
    section("People nobody knows yet", coldPart(report)),
    section("How much of the catalogue is shown", coveragePart(report)),
    section("The machine", machinePart(report)),
    ...(report.examples.length === 0 ? [] : [section("Some of the lists", examplesPart(report))]),
    section("What was read, and what was left out", readPart(report, notes)),
    section("How this was done", methodPart(report)),
  ];
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>Attune on ${name}</title>
<style>${style}
</style>
</head>
<body>
<main>
<h1>Attune on <bdi>${name}</bdi></h1>
<p class="soft">${grouped(history.interactions)} interactions of ${grouped(history.users)} ${personName(notes)} with ${grouped(history.items)} items, ${moment(history.from)} to ${moment(history.to)} (UTC). Lists of ${k}; 95 % intervals in brackets.</p>
<section class="summary" aria-labelledby="summary">
<h2 id="summary">In plain words</h2>
${summary(report).map(paragraph).join("\n")}
</section>
${sections.join("\n")}
</main>
</body>
</html>
`;
}

/** Whoever is behind a session that names no user. */
function personName({ columns }: ReadingNotes): string {
  return columns["user"] === undefined ? "sessions" : "people";
}

function section(title: string, body: string): string {
  return `<section>\n<h2>${title}</h2>\n${body}\n</section>`;
}

function paragraph(text: string): string {
  return `<p>${escaped(text, 2_000)}</p>`;
}

/** Tables that are read out make sense: a caption, and headers for columns and rows. */
function table(caption: string, head: readonly string[], rows: readonly Cell[][]): string {
  const cell = (one: Cell): string => (typeof one === "string" ? escaped(one, 500) : one.markup);
  const body = rows.map(([first, ...rest]) => {
    const cells = rest.map((one) => `<td>${cell(one)}</td>`).join("");
    return `<tr><th scope="row">${cell(first!)}</th>${cells}</tr>`;
  });
  return [
    // It may be wider than a phone: it scrolls, and by keyboard too.
    `<div class="wide" role="region" tabindex="0" aria-label="${escaped(caption)}">`,
    `<table><caption>${escaped(caption)}</caption>`,
    `<thead><tr>${head.map((one) => `<th scope="col">${escaped(one)}</th>`).join("")}</tr></thead>`,
    `<tbody>${body.join("\n")}</tbody></table></div>`,
  ].join("\n");
}

function qualityPart({ quality, gains, k }: ReportFigures): string {
  const chart = (title: string, figure: "hr" | "mrr"): string =>
    chartOf(
      title,
      methods.map((method) => ({
        label: methodNames[method],
        ...quality[method][figure],
        isMain: method === "attune",
      })),
      percent,
    );
  return [
    paragraph(
      `The hit rate is the share of cases in which the item that came next is among the ${k}. The rank (mean ` +
        "reciprocal rank) is 1 where it stands first, a half where it stands second, and so on.",
    ),
    chart(`Hit rate, HR@${k}`, "hr"),
    chart(`Rank, MRR@${k}`, "mrr"),
    table(
      "All questions",
      ["list", `HR@${k}`, `MRR@${k}`],
      methods.map((method) => [methodNames[method], ...both(quality[method])]),
    ),
    table(
      "Attune less the other, question by question",
      ["against", `HR@${k}`, `MRR@${k}`],
      (["popular", "lastItem"] as const).map((method) => [
        methodNames[method],
        points(gains[method].hr),
        points(gains[method].mrr),
      ]),
    ),
  ].join("\n");
}

function both({ hr, mrr }: Quality): string[] {
  return [share(hr), share(mrr)];
}

function latePart({ late, quality, k, machine }: ReportFigures): string {
  const rows = late.flatMap(({ lagMs, sums, list, sumsCost, listCost }) => [
    [`everybody else's clicks ${lagName(lagMs)} late`, ...both(sums), points(sumsCost.hr)],
    [`the whole list ${lagName(lagMs)} old`, ...both(list), points(listCost.hr)],
  ]);
  const coarse =
    machine.timeStepMs >= 86_400_000
      ? paragraph("The times of the file are whole days: what an hour costs cannot be seen in it.")
      : "";
  return [
    paragraph(
      "The same path answered the same questions on sums that end an hour, and a day, before each. In the first row of " +
        "each pair the person's own clicks are there; in the second the list was made back then, as by a job that " +
        "runs so often at best. The ranker's weights are those of the cut in every row.",
    ),
    coarse,
    chartOf(
      `Hit rate, HR@${k}, on time and late`,
      [
        { label: "on time", ...quality.attune.hr, isMain: true },
        ...late.flatMap(({ lagMs, sums, list }) => [
          { label: `others ${lagName(lagMs)} late`, ...sums.hr },
          { label: `list ${lagName(lagMs)} old`, ...list.hr },
        ]),
      ],
      percent,
    ),
    table(
      "On time and late",
      ["what is late", `HR@${k}`, `MRR@${k}`, "on time brings"],
      [["nothing", ...both(quality.attune), ""], ...rows],
    ),
  ].join("\n");
}

function coldPart({ cold, k }: ReportFigures): string {
  const groups = [
    ["nothing known before the session", cold.cold],
    ["with a history", cold.known],
  ] as const;
  const rows = groups.flatMap(([name, quality]) =>
    methods
      .filter((method) => quality[method].questions > 0)
      .map((method) => [
        `${name}: ${methodNames[method]}`,
        grouped(quality[method].questions),
        ...both(quality[method]),
      ]),
  );
  return [
    paragraph(
      `${percent(cold.share)} of the questions are about people of whom nothing was known before the session they are ` +
        "in. All that can be read is what they did in it.",
    ),
    table("By what was known", ["whom, and which list", "questions", `HR@${k}`, `MRR@${k}`], rows),
  ].join("\n");
}

function coveragePart({ coverage, history, tally }: ReportFigures): string {
  return table(
    `Share of the ${grouped(history.items)} items that stood in at least one of ${grouped(tally.asked)} lists (more lists, more items)`,
    ["list", "share of the items"],
    methods.map((method) => [methodNames[method], percent(coverage[method])]),
  );
}

function machinePart({ machine }: ReportFigures): string {
  return [
    paragraph(
      "Estimates, from the machine that made this report; another one is faster or slower.",
    ),
    table(
      "What it takes",
      ["what", "value", "how it was come by"],
      machineRows(machine).map((row) => [...row]),
    ),
  ].join("\n");
}

function examplesPart({ examples }: ReportFigures): string {
  const shown = 5;
  const rows = examples.map(({ last, next, lists }): Cell[] => [
    itemMarkup(last),
    itemMarkup(next),
    ...methods.map((method) => ({
      markup: `<ol>${lists[method]
        .slice(0, shown)
        .map((item) => `<li>${itemMarkup(item).markup}${item === next ? " (came next)" : ""}</li>`)
        .join("")}</ol>`,
    })),
  ]);
  return [
    paragraph(`The first questions, with the first ${shown} of each list; they prove nothing.`),
    table(
      "Examples",
      ["after", "what came next", ...methods.map((method) => methodNames[method])],
      rows,
    ),
  ].join("\n");
}

function itemMarkup(item: string): { markup: string } {
  return { markup: `<bdi>${escaped(item, 80)}</bdi>` };
}

function readPart(report: ReportFigures, notes: ReadingNotes): string {
  const columns = Object.entries(notes.columns).flatMap(([role, column]) =>
    column === undefined ? [] : [[role, { markup: `<bdi>${escaped(column, 80)}</bdi>` }]],
  );
  const parts = [
    ...leftOut(report, notes).map(paragraph),
    table("Columns", ["meaning", "column of the file"], columns),
  ];
  if (notes.refusals.length > 0) {
    parts.push(
      table(
        `The first rows that could not be read, of ${grouped(notes.refused)}`,
        ["line", "reason"],
        notes.refusals.map(({ line, reason }) => [String(line), reason]),
      ),
    );
  }
  if (notes.without.length > 0) {
    parts.push(
      table(
        "Rows without effect, by the name of what happened",
        ["name", "rows"],
        notes.without.map(({ name, rows }) => [name, grouped(rows)]),
      ),
    );
  }
  return parts.join("\n");
}

function methodPart({ tally, rankerRows, seed, history, k }: ReportFigures): string {
  return [
    `The interactions are cut in time, at ${moment(history.cutAt)}: what came before is learned, the last fifth is asked ` +
      "about. In the order of time each interaction is foreseen, then learned: by Attune, by the counts of the most " +
      "popular and by the counts of items in one session alike, so that none is fresher than another. Nothing is tuned " +
      "on the file; Attune has the settings it is shipped with, and answers through the code that serves.",
    `A question is whatever somebody did next who had done something before: ${grouped(tally.asked)} questions about ` +
      `${grouped(tally.users)} people. The item that is open is never offered, by no method. Lists of ${k} over all items, ` +
      "nothing sampled among them. Neighbours of the last item are counted within sessions, at most 20 items back, and " +
      "filled up with the most popular; those are counted over the whole time.",
    `Intervals are drawn over people with replacement (1,000 times, seed ${seed}), since questions about one person are ` +
      `not independent; differences are taken question by question. The ranker learned from ${grouped(rankerRows)} rows of ` +
      "the learned part; below 500 the order is that of the blend.",
    "Figures on the past say which item would have been foreseen, not which would have been liked had it been shown: " +
      "people chose among what the old lists showed them.",
  ]
    .map(paragraph)
    .join("\n");
}
