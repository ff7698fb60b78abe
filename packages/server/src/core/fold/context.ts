import { type Context, contextLimits } from "@attune/protocol";

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

/** Cut, and well-formed: states are packed as UTF-8. */
function named(dimension: string, value: string): string {
  return `${dimension}:${value.slice(0, unitsMax)}`.toWellFormed();
}
