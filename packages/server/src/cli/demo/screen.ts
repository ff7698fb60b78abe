/**
 * What the demo shows: for each click the list before and after, what moved and why. On a terminal the lists
 * are drawn over each other; elsewhere they follow one another.
 */
import { stripVTControlCharacters } from "node:util";
import type { RecommendedItem } from "@attune/protocol";
import { inWords } from "../recommend/reasons.ts";
import { painter, shown } from "../terminal.ts";

export const rowsShown = 8;

type Move = { kind: "new" } | { kind: "same" } | { kind: "up" | "down"; by: number };

/** How an item that now stands at `place` came there from the list before. */
function moveOf(item: string, place: number, before: readonly string[]): Move {
  const was = before.indexOf(item);
  if (was < 0) return { kind: "new" };
  if (was === place) return { kind: "same" };
  return { kind: was > place ? "up" : "down", by: Math.abs(was - place) };
}

export interface Turn {
  /** The shopper's place among those watched, from 1, and how many there are. */
  shopper: number;
  shoppers: number;
  at: number;
  click: { item: string; number: number; count: number };
  before: readonly RecommendedItem[];
  now: readonly RecommendedItem[];
  durableUs: number;
  answerUs: number;
}

export class Screen {
  readonly #out = process.stdout;
  readonly #paint = painter(process.stdout);
  readonly #isSilent: boolean;
  #drawn = 0;

  constructor(isSilent: boolean) {
    this.#isSilent = isSilent;
  }

  get isTerminal(): boolean {
    return this.#out.isTTY === true;
  }

  /** Text that stays. */
  say(text: string): void {
    this.#drawn = 0;
    if (!this.#isSilent) this.#out.write(`${text}\n`);
  }

  title(text: string): void {
    this.say(`\n${this.#paint("bold", text)}`);
  }

  /** Draws a turn over the one before it, on a terminal. */
  turn(turn: Turn): void {
    if (this.#isSilent) return;
    const lines = this.#lines(turn).map((line) => this.#fit(line));
    const back = this.isTerminal && this.#drawn > 0 ? `\u001B[${this.#drawn}A\u001B[J` : "";
    this.#out.write(`${back}${lines.join("\n")}\n`);
    this.#drawn = lines.length;
  }

  /** The three digests of a shopper's visit. */
  digests(came: string, withThem: string, after: string): void {
    const isEqual = came === after;
    const paint = this.#paint;
    this.say(`  sums before the shopper came  ${came}`);
    this.say(`  with the shopper in them      ${paint("yellow", withThem)}`);
    const verdict = isEqual
      ? paint("green", "✓ equal to the first, to the bit")
      : paint("red", "✗ DIFFERENT");
    this.say(`  after forgetting              ${after}  ${verdict}`);
  }

  #lines({ shopper, shoppers, at, click, before, now, durableUs, answerUs }: Turn): string[] {
    const paint = this.#paint;
    const items = before.map(({ item }) => item);
    const stood = items.indexOf(click.item);
    const hit = stood < 0 ? "" : paint("green", `  ✓ it stood at ${stood + 1} in the list`);
    const time = new Date(at).toISOString().slice(11, 19);
    const rows = Array.from(
      { length: Math.min(rowsShown, Math.max(before.length, now.length)) },
      (_, i) => this.#row(i, items, now[i]),
    );
    return [
      "",
      `${paint("dim", `shopper ${shopper} of ${shoppers}, click ${click.number} of ${click.count}, ${time}`)}  ` +
        `clicks ${paint("bold", shown(click.item, 20))}${hit}`,
      paint("dim", `  #  before        now`),
      ...rows,
      paint(
        "dim",
        `  on the disk after ${micros(durableUs)}, the new list ${micros(answerUs)} later`,
      ),
    ];
  }

  #row(place: number, before: readonly string[], entry: RecommendedItem | undefined): string {
    const paint = this.#paint;
    const left = paint("dim", shown(before[place] ?? "", 10).padEnd(12));
    const number = String(place + 1).padStart(3);
    if (entry === undefined) return `${number}  ${left}`;
    const item = shown(entry.item, 10).padEnd(10);
    const why = paint("dim", inWords(entry.reasons, entry.score));
    return `${number}  ${left}  ${this.#arrow(moveOf(entry.item, place, before))} ${item}  ${why}`;
  }

  #arrow(move: Move): string {
    const paint = this.#paint;
    if (move.kind === "new") return paint("cyan", "new ");
    if (move.kind === "same") return paint("dim", " =  ");
    const isUp = move.kind === "up";
    return paint(isUp ? "green" : "red", `${isUp ? "▲" : "▼"}${move.by}`.padEnd(4));
  }

  /** A line that wraps would spoil the next drawing. */
  #fit(line: string): string {
    const width = this.isTerminal ? this.#out.columns : Number.MAX_SAFE_INTEGER;
    if (stripVTControlCharacters(line).length < width) return line;
    let left = width - 2;
    // Cuts what is visible and keeps the colour codes, the closing ones above all.
    // eslint-disable-next-line no-control-regex
    return line.replace(/\u001B\[\d+m|./gsu, (part) => {
      if (part.startsWith("\u001B")) return part;
      left -= 1;
      return left > 0 ? part : left === 0 ? "…" : "";
    });
  }
}

export function micros(us: number): string {
  return us < 1_000 ? `${Math.round(us)} µs` : `${(us / 1_000).toFixed(1)} ms`;
}
