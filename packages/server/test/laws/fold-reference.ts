/**
 * The cells of a user who grants everything and meets no cap, read off the records in order of time as the
 * definitions say it, with no regard to speed: a second opinion on sessions, popularity, taste.
 */
import type { InteractionEvent } from "@attune/protocol";
import type { FoldLimits } from "../../src/core/fold/state.ts";
import type { FoldRecord } from "../../src/core/fold/fold-record.ts";

interface Element {
  item: string;
  at: number;
  dimensions: string[];
  /** The time that the user's clocks showed. */
  shown: Date;
}

export function plainCells(
  records: readonly FoldRecord[],
  limits: Readonly<FoldLimits>,
): Map<string, number> {
  const events = records
    .filter(({ header }) => header.kind === "event")
    .map(({ header, payload }) => ({ at: header.at, event: payload as InteractionEvent }))
    .filter(({ event }) => event.item !== undefined);
  const elements = events
    .filter(({ event }) => !["skip", "dislike"].includes(event.type))
    .map(({ at, event }) => ({
      item: event.item!,
      at,
      dimensions: stated(event),
      shown: shownAt(at, event),
    }));
  const cells = new Map<string, number>();
  const add = (key: object, delta: number) => {
    const name = JSON.stringify(key);
    cells.set(name, (cells.get(name) ?? 0) + delta);
  };

  for (const session of cut(elements, limits)) {
    session.forEach(({ item, at }, index) => {
      add({ model: "sessions", index, item, minute: Math.floor(at / 60_000) }, 1);
    });
  }

  const dayOf = ({ at }: Element) => new Date(at).toISOString().slice(0, 10);
  for (const element of elements) {
    const first = elements.find((e) => e.item === element.item && dayOf(e) === dayOf(element));
    if (first !== element) continue;
    for (const dimension of ["all", ...element.dimensions]) {
      const hour = Math.floor(element.at / 3_600_000);
      const own = sliceOf(element.shown);
      const isOther = dimension === "all" && own !== sliceOf(new Date(element.at));
      const slice = isOther ? { slice: own } : {};
      add({ model: "popularity", dimension, item: element.item, hour, ...slice }, 1);
    }
  }

  const taste = tasteOf(events, limits);
  for (const a of taste) for (const b of taste) if (a <= b) add({ model: "cooccurrence", a, b }, 1);
  return cells;
}

function cut(elements: readonly Element[], limits: Readonly<FoldLimits>): Element[][] {
  const sessions: Element[][] = [];
  for (const element of elements) {
    const session = sessions.at(-1);
    const fits =
      session !== undefined &&
      element.at - session.at(-1)!.at <= limits.sessionIdleMs &&
      session.length < limits.sessionEventsMax &&
      minuteOf(element.at) - minuteOf(session[0]!.at) <= limits.sessionSpanMinutesMax;
    if (fits) session.push(element);
    else sessions.push([element]);
  }
  return sessions;
}

function tasteOf(
  events: readonly { at: number; event: InteractionEvent }[],
  limits: Readonly<FoldLimits>,
): string[] {
  const scores = new Map<string, number>();
  const disliked = new Set<string>();
  for (const { event } of events) {
    const item = event.item!;
    const score = scores.get(item) ?? 0;
    if (event.type === "like") disliked.delete(item);
    if (event.type === "dislike") disliked.add(item);
    const before = event.type === "dislike" && score > 0 ? 0 : score;
    scores.set(item, Math.max(-1000, Math.min(1000, before + event.strength)));
  }
  return [...scores]
    .filter(([item, score]) => score >= limits.tasteScoreMin && !disliked.has(item))
    .map(([item]) => item);
}

function stated({ context }: InteractionEvent): string[] {
  const dimensions: string[] = [];
  if (context?.device !== undefined) dimensions.push(`device:${context.device}`);
  if (context?.region !== undefined) dimensions.push(`region:${context.region}`);
  if (context?.place !== undefined) dimensions.push(`place:${context.place}`);
  const attributes = Object.entries(context?.attributes ?? {}).sort(([a], [b]) => (a < b ? -1 : 1));
  for (const [name, value] of attributes) dimensions.push(`a.${name}:${value}`);
  return dimensions;
}

function shownAt(at: number, { context }: InteractionEvent): Date {
  return new Date(at + (context?.utcOffset ?? 0) * 60_000);
}

/** Quarters of a weekday, then of a day of the weekend. */
function sliceOf(shown: Date): number {
  const isWeekend = shown.getUTCDay() === 0 || shown.getUTCDay() === 6;
  return (isWeekend ? 4 : 0) + Math.floor(shown.getUTCHours() / 6);
}

function minuteOf(at: number): number {
  return Math.floor(at / 60_000);
}
