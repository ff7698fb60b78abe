/**
 * Covers drawn from what the data says of a track: warmth of the colours from valence, their strength from
 * energy, the drawing from what stands out, its rhythm from the tempo. A pure function: same track, same cover.
 */
import { type Chance, chanceOf } from "../../chance.ts";
import { drawings, type Shape, type Sketchable } from "./drawings.ts";

/** Colour for light surroundings, colour for dark ones. */
export type Ink = readonly [light: string, dark: string];

export interface Cover {
  ground: Ink;
  inks: readonly Ink[];
  /** On a square of 100 by 100. */
  shapes: readonly Shape[];
}

export function coverOf(track: Sketchable): Cover {
  const chance = chanceOf(track.id);
  const { ground, inks } = palette(track, chance);
  const draw = drawings[drawingOf(track, chance)];
  return { ground, inks, shapes: draw(track, chance) };
}

function drawingOf(track: Sketchable, chance: Chance): keyof typeof drawings {
  const { energy, valence, danceability, acousticness, speechiness } = track;
  const weights: Record<keyof typeof drawings, number> = {
    sun: 0.4 + valence,
    hills: 0.2 + acousticness * (1.2 - energy),
    strings: 0.4 + energy * 0.6,
    dots: 0.2 + danceability * 1.1,
    blocks: 0.2 + speechiness * 2.5,
    shards: 0.15 + energy * (1.1 - valence),
    orbits: 0.35 + (1 - energy) * 0.7,
    arches: 0.5 + danceability * 0.5,
  };
  const entries = Object.entries(weights) as [keyof typeof drawings, number][];
  let left = chance() * entries.reduce((sum, [, weight]) => sum + weight, 0);
  for (const [name, weight] of entries) if ((left -= weight) < 0) return name;
  return "sun";
}

/** Cold hues for sad tracks, warm ones for glad ones, and a leap to a contrasting one. */
function palette({ valence, energy }: Sketchable, chance: Chance) {
  // From blue to orange, for some by way of violet and red, for others by way of green.
  const way = chance() < 0.45 ? 1 : -1;
  const hue = (250 + way * valence * 175 + (chance() - 0.5) * 60 + 360) % 360;
  const chroma = 0.05 + energy * 0.11;
  const leap = chance() < 0.5 ? 150 + chance() * 50 : 40 + chance() * 40;
  const other = (hue + leap) % 360;
  const isDeep = chance() < 0.25 + (1 - valence) * 0.35;
  const ground: Ink = isDeep
    ? [colour(0.34, chroma * 0.7, hue), colour(0.3, chroma * 0.7, hue)]
    : [colour(0.91, chroma * 0.35, hue), colour(0.78, chroma * 0.5, hue)];
  const inks: Ink[] = isDeep
    ? [
        [colour(0.8, chroma, other), colour(0.76, chroma, other)],
        [colour(0.62, chroma + 0.03, hue), colour(0.58, chroma + 0.03, hue)],
        [colour(0.93, 0.03, other), colour(0.9, 0.03, other)],
      ]
    : [
        [colour(0.56, chroma + 0.04, hue), colour(0.48, chroma + 0.04, hue)],
        [colour(0.7, chroma + 0.03, other), colour(0.62, chroma + 0.03, other)],
        [colour(0.3, chroma * 0.5, hue), colour(0.24, chroma * 0.5, hue)],
      ];
  return { ground, inks };
}

function colour(lightness: number, chroma: number, hue: number): string {
  return `oklch(${lightness.toFixed(3)} ${Math.max(0, chroma).toFixed(3)} ${hue.toFixed(1)})`;
}
