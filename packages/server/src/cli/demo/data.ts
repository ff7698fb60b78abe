/**
 * The data of the demo: a shop's clicks of June 2020 (bolcom/serenade, Apache-2.0). The month is the past, the
 * sessions of its last day are the shoppers who come in live.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";

const folder = join(import.meta.dirname, "../../../test/data/serenade-example");

export interface Click {
  session: string;
  item: string;
  /** As it stands in the file, in seconds. */
  time: string;
  at: number;
}

export interface Shopper {
  session: string;
  clicks: Click[];
}

const header = "SessionId\tItemId\tTime";

/** The newest `clicksMax` clicks of the month, in the order of time. */
export function pastClicks(clicksMax: number): Click[] {
  const text = gunzipSync(readFileSync(join(folder, "train.txt.gz"))).toString("utf8");
  return inOrder(parse(text)).slice(-clicksMax);
}

/** The text that the past is imported from. */
export function asFile(clicks: readonly Click[]): string {
  return [
    header,
    ...clicks.map(({ session, item, time }) => `${session}\t${item}\t${time}`),
    "",
  ].join("\n");
}

/** Everybody who comes in on the last day, in the order of their first click. */
export function lastDay(): Shopper[] {
  const bySession = new Map<string, Click[]>();
  for (const click of inOrder(parse(readFileSync(join(folder, "test.txt"), "utf8")))) {
    const clicks = bySession.get(click.session);
    if (clicks === undefined) bySession.set(click.session, [click]);
    else clicks.push(click);
  }
  return [...bySession].map(([session, clicks]) => ({ session, clicks }));
}

/**
 * Whom to watch: evenly over the day, among those with some clicks on different items. Nobody looks at how
 * well they can be predicted.
 */
export function chosen(shoppers: readonly Shopper[], count: number): Set<Shopper> {
  const worth = shoppers.filter(({ clicks }) => {
    const items = new Set(clicks.map(({ item }) => item)).size;
    return clicks.length >= 4 && clicks.length <= 8 && items >= 4;
  });
  const step = Math.max(1, Math.floor(worth.length / count));
  return new Set(worth.filter((_, i) => i % step === Math.floor(step / 2)).slice(0, count));
}

function parse(text: string): Click[] {
  const rows = text.split("\n").slice(1);
  return rows
    .map((row) => row.trim().split("\t"))
    .filter((cells) => cells.length === 3)
    .map(([session, item, time]) => ({
      session: session!,
      item: item!,
      time: time!,
      at: Math.round(Number(time) * 1_000),
    }));
}

function inOrder(clicks: Click[]): Click[] {
  return clicks.sort((a, b) => a.at - b.at);
}
