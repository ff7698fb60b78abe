/** Chance that can be repeated: the same seed gives the same numbers on every machine. */
export type Chance = () => number;

/** Numbers from 0 up to 1 (without it), from a seed of any text. */
export function chanceOf(seed: string): Chance {
  let state = hashOf(seed);
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** 32 bits of a text (FNV-1a, then mixed so that neighbouring ids have nothing in common). */
export function hashOf(text: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}

/** One of the list, each with the same chance. */
export function oneOf<T>(list: readonly T[], chance: Chance): T {
  return list[Math.floor(chance() * list.length)]!;
}

/** About normal, mean 0 and deviation 1: the sum of six even numbers, which has no far tails. */
export function spread(chance: Chance): number {
  let sum = -3;
  for (let i = 0; i < 6; i++) sum += chance();
  return sum * Math.SQRT2;
}
