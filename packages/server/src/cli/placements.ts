import { dateOf, daysOf } from "../admin/placement-metrics.ts";
import type { Quality, Spread } from "../core/rank/metrics/placement-report.ts";
import { type PlacementMetrics, placementMetrics } from "../engine/metrics/placement-metrics.ts";
import { open } from "../main.ts";
import { tenantOf } from "../tenants.ts";
import { type Command, exitCodes, helpOf, readOptions, usage } from "./command.ts";
import { print, printJson, shown, table } from "./terminal.ts";
import { timeGiven, timeOptions } from "./times.ts";

const options = {
  from: { value: "DAY", help: "first day, such as 2026-11-20 (default six days before the last)" },
  to: { value: "DAY", help: "last day (default today, or the day of --at)" },
  ...timeOptions,
} as const;

/** The figures of `GET /v1/placements/{name}/metrics`, from a data directory. */
export const command: Command = {
  name: "placements",
  summary: "what there is to show answers in, and how one of them does",
  help: helpOf(
    "placements [NAME] [options]",
    `Lists the placements; with a NAME it says how that one does: how much of the catalogue its readers
saw, how popular that is, and what came of it for new and for heavy users, beside the most popular items.`,
    options,
  ),
  async run(argv) {
    const given = readOptions("placements", options, argv, 1);
    const attune = await open(given.config);
    try {
      const tenant = tenantOf(attune.tenants, given.tenant);
      const [name] = given.operands;
      const { placements } = attune.engine.tenant(tenant.number).definitions;
      if (name === undefined) {
        const all = Object.values(placements).sort((x, y) => (x.name < y.name ? -1 : 1));
        if (given.isJson) printJson({ placements: all });
        else print(table(["placement", "sources"], all.map(rowOf)));
        return exitCodes.done;
      }
      if (!Object.hasOwn(placements, name))
        throw usage("placements", `there is no placement ${name}`);
      const now = timeGiven("placements", given, attune);
      const days = daysOf(given.text("from"), given.text("to"), now);
      const metrics = await placementMetrics(attune.engine, tenant.number, name, days);
      const [from, to] = [dateOf(days.from), dateOf(days.to)];
      if (given.isJson) printJson({ placement: name, from, to, ...metrics });
      else printMetrics(`${name}, ${from} to ${to}`, metrics);
      return exitCodes.done;
    } finally {
      await attune.close();
    }
  },
};

function rowOf(placement: { name: string; sources: Readonly<Record<string, number>> }): string[] {
  return [shown(placement.name, 40), Object.keys(placement.sources).join(", ")];
}

function printMetrics(title: string, metrics: PlacementMetrics): void {
  const { catalogue, exposure, mostPopular, audiences } = metrics;
  print(`${title}; ${catalogue} items\n`);
  const spread = (name: string, of: (one: Spread) => number | null): (string | number)[] => [
    name,
    figure(of(exposure)),
    figure(of(mostPopular)),
  ];
  print(
    table(
      ["of what was seen", "here", "most popular"],
      [
        spread("items", (one) => one.items),
        spread("share of the catalogue", (one) => one.coverage),
        spread("concentration (Gini)", (one) => one.gini),
        spread("share of the top hundredth", (one) => one.topPercentShare),
        spread("popularity over the catalogue's", (one) => one.popularityLift.overCatalogue),
        spread("popularity over what people touch", (one) => one.popularityLift.overTouched),
      ],
    ),
  );
  print("");
  const head = ["users", "seen", "clicks", "click rate", "judged", "hit rate", "most popular"];
  const row = ([name, one]: [string, Quality]): (string | number)[] => [
    name,
    one.seen,
    one.clicks,
    figure(one.clickRate),
    one.judged,
    figure(one.hitRate),
    figure(one.popularHitRate),
  ];
  print(table(head, Object.entries(audiences).map(row)));
}

function figure(value: number | null): string {
  if (value === null) return "-";
  return Number.isInteger(value) ? String(value) : value.toFixed(4);
}
