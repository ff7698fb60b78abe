/**
 * The reference pages are made from the tables they describe. A stale page fails here; `npx vitest run
 * packages/server/test/reference.test.ts -u` writes it again.
 */
import { join } from "node:path";
import { expect, test } from "vitest";
import { errorTable, product } from "@attune/protocol";
import { settings, variableOf } from "../src/config.ts";
import { defaultMapping, wordsByVerb } from "../src/ingest/mapping-table.ts";

const folder = join(import.meta.dirname, "../../../docs/reference");

const row = (...cells: (string | number)[]): string => `| ${cells.join(" | ")} |`;
const tableOf = (head: string[], rows: string[]): string =>
  [row(...head), row(...head.map(() => "---")), ...rows].join("\n");
const grouped = (value: number): string => String(value).replace(/\B(?=(\d{3})+$)/g, ",");

function errors(): string {
  const rows = Object.entries(errorTable).map(([code, { status, means, caller }]) =>
    row(`\`${code}\``, status, means, caller),
  );
  return `# Errors and verdicts

Every code that ${product.name} can answer with, once. A code is stable: it is never renamed, and a retired one
never comes back. Status 200 marks verdicts about one event inside an answer that was taken: its neighbours
were kept. This page is made from \`packages/protocol/src/error.ts\`.

${tableOf(["code", "HTTP", "means", "what to do"], rows)}
`;
}

function settingsPage(): string {
  const rows = Object.entries(settings).map(([name, setting]) => {
    const isNumber = setting.kind === "integer";
    const range = isNumber ? `${grouped(setting.min)} to ${grouped(setting.max)}` : "";
    const fallback = isNumber ? grouped(setting.default) : `\`${setting.default}\``;
    return row(
      `\`${name}\``,
      `\`${variableOf(name)}\``,
      fallback,
      range,
      setting.room,
      setting.means,
    );
  });
  return `# Settings

All settings with their defaults. Each is read once, from the environment or, which wins, from
\`--set name=value\` of a command (\`--data DIR\` for the data directory). A value outside its range or a name
that is not in this list is an error. The unit is in the name. This page is made from
\`packages/server/src/config.ts\`.

${tableOf(["setting", "variable", "default", "range", "used by", "means"], rows)}
`;
}

function mapping(): string {
  const { strengths, playSteps, playStrength, ratingSteps, itemFields } = defaultMapping;
  const strengthOf = (verb: string): string => {
    if (verb === "play") return "see below";
    return verb === "rating" ? "by the rating" : String(strengths[verb as keyof typeof strengths]);
  };
  const verbs = Object.entries(wordsByVerb).map(([verb, words]) =>
    row(`\`${verb}\``, strengthOf(verb), words.join(", ")),
  );
  const plays = playSteps.map(({ belowPermille, strength }) =>
    row(`below ${belowPermille}`, strength),
  );
  const ratings = ratingSteps.map(({ fromPermille, type, strength }) =>
    row(`from ${fromPermille}`, `\`${type}\``, strength),
  );
  return `# Mapping of events to interactions

What a \`track\` call means is decided once, when the event is accepted, and stored with it: a changed mapping
touches later events only. Names are compared in lower case without spaces and signs, so \`Product Viewed\`,
\`product_viewed\` and \`productViewed\` are one. A name that is not listed is stored and exported, without effect.
A tenant can add names and change all of this with \`PUT /v1/mapping\`. This page is made from
\`packages/server/src/ingest/mapping-table.ts\`.

${tableOf(["interaction", "strength", "names"], verbs)}

**Item id**: the first of these properties that is there: ${itemFields.map((field) => `\`${field}\``).join(", ")}.
A purchase or an add without one counts for each of its \`products\`. Without any item the event gets the
warning \`item_missing\`.

**How much was played**, in thousandths: \`permille\`, or \`percent\`, or \`position\` over \`total_length\` or
\`duration\`. A play that does not say has strength ${playStrength}.

${tableOf(["permille", "strength"], plays)}

**Ratings**: \`rating\`, with \`ratingMax\` (5 when absent), as thousandths of the way from 1 to the best.

${tableOf(["permille", "interaction", "strength"], ratings)}
`;
}

test.each([
  ["errors.md", errors()],
  ["settings.md", settingsPage()],
  ["mapping.md", mapping()],
])("docs/reference/%s is what its table says", async (file, text) => {
  await expect(text).toMatchFileSnapshot(join(folder, file));
});

test("every setting has its unit in its name, or counts something it names", () => {
  const units =
    /Bytes|Ms|Days|PerS|Permille|Burst|Depth|Flight|[a-z][A-Z][a-z]+s|^items|^partitions$|^port$/;
  const numbers = Object.entries(settings).filter(([, setting]) => setting.kind === "integer");
  expect(numbers.map(([name]) => name).filter((name) => !units.test(name))).toEqual([]);
});
