/**
 * A loop of two bars for each track, composed from its features: the tempo is the track's own, the key is major
 * or minor by valence, the drums are as busy as the energy says, the genre picks the pattern. Pure: same track,
 * same loop. It is no recording and sounds like none.
 */
import { type Chance, chanceOf, oneOf } from "../../chance.ts";
import type { Track } from "../../catalogue/track.ts";

export type Voice = "kick" | "snare" | "hat" | "bass" | "chord" | "lead";

export interface Note {
  voice: Voice;
  /** Beats from the start of the loop. */
  beat: number;
  beats: number;
  /** MIDI number; of no meaning for drums. */
  pitch: number;
  gain: number;
}

export interface Score {
  bpm: number;
  beats: number;
  notes: readonly Note[];
  /** Hz above which chords and leads are dulled. */
  brightness: number;
  isRough: boolean;
}

export const loopBeats = 8;
const major = [0, 2, 4, 7, 9];
const minor = [0, 3, 5, 7, 10];
const progressions = { major: [0, 9, 5, 7], minor: [0, 8, 3, 10] } as const;

export function scoreOf(track: Track): Score {
  const chance = chanceOf(`sound ${track.id}`);
  const isGlad = track.valence >= 0.45;
  const root = 45 + Math.floor(chance() * 9);
  const roots = progressions[isGlad ? "major" : "minor"].map((step) => root + step);
  const notes = [
    ...drums(track, chance),
    ...harmony(track, roots, isGlad),
    ...melody(track, root + 24, isGlad ? major : minor, chance),
  ];
  return {
    bpm: Math.min(190, Math.max(60, track.tempo)),
    beats: loopBeats,
    notes: notes.toSorted((a, b) => a.beat - b.beat || (a.voice < b.voice ? -1 : 1)),
    brightness: 500 + track.energy * 3_200,
    isRough: track.genre === "Rock" && track.energy > 0.6,
  };
}

function drums({ genre, energy, danceability }: Track, chance: Chance): Note[] {
  const notes: Note[] = [];
  const hit = (voice: Voice, beat: number, gain: number): void => {
    notes.push({ voice, beat, beats: 0.25, pitch: 0, gain });
  };
  const isHipHop = genre === "Hip-Hop";
  const swing = isHipHop ? 0.09 : 0;
  for (let bar = 0; bar < loopBeats; bar += 4) {
    for (const beat of isHipHop ? [0, 0.75, 2.5] : [0, 2, ...(energy > 0.7 ? [2.5] : [])])
      hit("kick", bar + beat, 0.5 + energy * 0.4);
    for (const beat of [1, 3]) hit("snare", bar + beat, 0.25 + energy * 0.4);
    if (danceability > 0.6 && chance() < 0.6) hit("snare", bar + 3.75, 0.15);
  }
  const step = energy > 0.4 ? 0.5 : 1;
  for (let beat = 0; beat < loopBeats; beat += step)
    hit("hat", beat + (beat % 1 === 0 ? 0 : swing), 0.06 + energy * 0.14);
  return notes;
}

function harmony(
  { energy, acousticness }: Track,
  roots: readonly number[],
  isGlad: boolean,
): Note[] {
  const notes: Note[] = [];
  roots.forEach((root, i) => {
    const beat = i * 2;
    const third = isGlad || i % 2 === 1 ? 4 : 3;
    for (const step of [12, 12 + third, 19])
      notes.push({
        voice: "chord",
        beat,
        beats: 1.9,
        pitch: root + step,
        gain: 0.1 + acousticness * 0.08,
      });
    for (let at = 0; at < 2; at += energy > 0.5 ? 0.5 : 1)
      notes.push({
        voice: "bass",
        beat: beat + at,
        beats: 0.45,
        pitch: root - 12,
        gain: 0.3 + energy * 0.2,
      });
  });
  return notes;
}

function melody(
  { danceability, speechiness }: Track,
  base: number,
  scale: readonly number[],
  chance: Chance,
): Note[] {
  const notes: Note[] = [];
  const density = 0.25 + danceability * 0.35 - speechiness * 0.2;
  for (let beat = 0; beat < loopBeats; beat += 0.5) {
    if (chance() > density) continue;
    notes.push({
      voice: "lead",
      beat,
      beats: 0.4 + chance() * 0.6,
      pitch: base + oneOf(scale, chance),
      gain: 0.12,
    });
  }
  return notes;
}
