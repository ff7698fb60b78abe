import { type Context, contextLimits } from "@attune/protocol";
import { assert } from "../../base/assert.ts";
import { bandsOfDay, rewardSlices, timeSliceOf } from "./contribution.ts";

/**
 * What a context states, as names of dimensions: the same for an event that is counted and for a request that
 * is answered. The limits hold here as well as at the doors: a log may be older than a door.
 */
const { attributesMax, unitsMax, attributeName } = contextLimits;

/** In a canonical order: device, region, place, then attributes by name; each at most once. */
export function contextDimensions(context: Context): string[] {
  const { device, region, place, attributes } = context;
  const dimensions: string[] = [];
  if (device !== undefined) dimensions.push(named("device", device));
  if (region !== undefined) dimensions.push(named("region", region));
  if (place !== undefined) dimensions.push(named("place", place));
  if (attributes === undefined) return dimensions;
  const names = Object.keys(attributes).filter((name) => attributeName.test(name));
  for (const name of names.sort().slice(0, attributesMax)) {
    dimensions.push(named(`a.${name}`, attributes[name]!));
  }
  return dimensions;
}

const minuteMs = 60_000;
const hourMs = 60 * minuteMs;
/** Begins the word for a part of the week, among the dimensions of an event the first. No dimension begins so. */
const sliceWord = "t:";

/** The part of the week at a time, by the clocks that the context tells of. */
export function localSlice({ utcOffset = 0 }: Context, at: number): number {
  return timeSliceOf(Math.floor(Math.max(0, at + utcOffset * minuteMs) / hourMs));
}

/** Classes of devices by how a list is met on them; 0 is any other, and none. */
const deviceClasses: ReadonlyMap<string, number> = new Map([
  ["phone", 1],
  ["watch", 1],
  ["tablet", 2],
  ["desktop", 3],
  ["tv", 4],
  ["console", 4],
  ["car", 5],
  ["speaker", 5],
]);

/**
 * The slice of circumstances in which what a list earns is counted: class of device by part of the day, few, so
 * that each is met often. 0 is that of a request which states nothing: it is answered without regard to the time.
 */
export function rewardSlice(context: Context | undefined, at: number): number {
  if (context === undefined || contextDimensions(context).length === 0) return 0;
  const device = deviceClasses.get(context.device ?? "") ?? 0;
  const slice = 1 + device * bandsOfDay + (localSlice(context, at) % bandsOfDay);
  assert(slice < rewardSlices, "a slice has a place of its own");
  return slice;
}

/** What an event states: its dimensions, behind a word for its part of the week where UTC has another. */
export function statedBy(context: Context, at: number): string[] {
  const slice = localSlice(context, at);
  const dimensions = contextDimensions(context);
  return slice === localSlice({}, at) ? dimensions : [`${sliceWord}${slice}`, ...dimensions];
}

/** The part of the week that such a word says; undefined for a dimension. */
export function sliceStated(word: string): number | undefined {
  return word.startsWith(sliceWord) ? Number(word.slice(sliceWord.length)) : undefined;
}

/** Cut, and well-formed: states are packed as UTF-8. */
function named(dimension: string, value: string): string {
  return `${dimension}:${value.slice(0, unitsMax)}`.toWellFormed();
}
