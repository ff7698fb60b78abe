/** The sizes of the curves: one axis is moved at a time, the others stay at the base. */
import { type Load, loadOf } from "../generate.ts";

export type Axis = "users" | "items" | "events";

/** Sizes asked for, by axis; an axis that is absent has its own. */
export type Sizes = Partial<Record<Axis, number[]>>;

export const axes: readonly Axis[] = ["users", "items", "events"];

const base: Record<Axis, number> = { users: 200_000, items: 50_000, events: 1_000_000 };

const usual: Record<Axis, readonly number[]> = {
  users: [1_000, 10_000, 1_000_000],
  items: [1_000, 10_000, 1_000_000],
  events: [100_000, 5_000_000],
};
/** With ATTUNE_LONG=1. */
const longEvents = 20_000_000;

const least: Record<Axis, number> = { users: 20, items: 100, events: 1_000 };

export interface Point {
  /** Axes that this point lies on: all of them at the base. */
  on: Axis[];
  load: Load;
}

/** Every point once, smallest first along each axis; a load below a million shrinks those nobody asked for. */
export function pointsOf(load: Load, asked: Sizes, isLong: boolean): Point[] {
  const share = Math.min(1, load.interactions / 1e6);
  const scaled = (axis: Axis, size: number) => Math.max(least[axis], Math.round(size * share));
  const middle = {
    users: scaled("users", base.users),
    items: scaled("items", base.items),
    events: scaled("events", base.events),
  };
  const points = new Map<string, Point>();
  for (const axis of axes) {
    const own = isLong && axis === "events" ? [...usual[axis], longEvents] : usual[axis];
    const sizes = asked[axis] ?? own.map((size) => scaled(axis, size));
    for (const size of [...sizes, middle[axis]].sort((a, b) => a - b)) {
      const moved: Record<Axis, number> = { ...middle };
      moved[axis] = size;
      const { users, items, events } = moved;
      const key = `${users} ${items} ${events}`;
      const known = points.get(key);
      if (known === undefined) {
        const at = loadOf(events, { users, items, days: load.days, seed: load.seed });
        points.set(key, { on: [axis], load: at });
      } else if (!known.on.includes(axis)) known.on.push(axis);
    }
  }
  return [...points.values()];
}

/** `users=1000,10000`, or a text that says what is wrong with it. */
export function sizesOf(text: string): Sizes | string {
  const [name, list] = text.split("=");
  const axis = axes.find((one) => one === name);
  if (axis === undefined || list === undefined)
    return `--curves takes ${axes.join("=N,.. or ")}=N,.., not ${text}`;
  const sizes = list.split(",").map((size) => Number(size.replaceAll("_", "")));
  const wrong = sizes.find((size) => !Number.isInteger(size) || size < least[axis] || size > 2e7);
  if (wrong !== undefined)
    return `--curves ${axis}: sizes are whole numbers from ${least[axis]} to 20000000`;
  return { [axis]: sizes };
}
