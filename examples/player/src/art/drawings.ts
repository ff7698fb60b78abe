/** The eight drawings of the covers: each takes a track and chance, and gives paths on a 100 by 100 square. */
import type { Chance } from "../../chance.ts";
import type { Track } from "../../catalogue/track.ts";

/** What a drawing looks at. */
export type Sketchable = Pick<
  Track,
  "id" | "tempo" | "energy" | "valence" | "danceability" | "acousticness" | "speechiness"
>;

export interface Shape {
  d: string;
  /** Which of the cover's inks. */
  ink: 0 | 1 | 2;
  opacity?: number | undefined;
  /** Width of a line; absent: the shape is filled. */
  line?: number | undefined;
}

type Drawing = (track: Sketchable, chance: Chance) => Shape[];

const n = (value: number): string => String(Math.round(value * 10) / 10);

function circle(x: number, y: number, r: number): string {
  return `M${n(x - r)} ${n(y)}a${n(r)} ${n(r)} 0 1 0 ${n(2 * r)} 0a${n(r)} ${n(r)} 0 1 0 ${n(-2 * r)} 0z`;
}

/** The upper half of a disc. */
function arch(x: number, y: number, r: number): string {
  return `M${n(x - r)} ${n(y)}a${n(r)} ${n(r)} 0 0 1 ${n(2 * r)} 0z`;
}

const rectangle = (x: number, y: number, width: number, height: number): string =>
  `M${n(x)} ${n(y)}h${n(width)}v${n(height)}h${n(-width)}z`;

const ink = (index: number): Shape["ink"] => (index % 3) as Shape["ink"];

/** A disc over still water: the lower half falls into bands, closer the faster the track. */
const sun: Drawing = ({ tempo, valence }, chance) => {
  const r = 20 + valence * 14;
  const x = 50 + (chance() - 0.5) * 26;
  const horizon = 50 + chance() * 10;
  const shapes: Shape[] = [{ d: circle(x, horizon - r * 0.2, r), ink: 1 }];
  shapes.push({ d: rectangle(0, horizon, 100, 100 - horizon), ink: 0 });
  const step = Math.max(3.2, 11 - tempo / 26);
  for (let y = horizon + 3, i = 0; y < 96; y += step, i++) {
    const half = r * (1 - i * 0.05) * (0.6 + chance() * 0.5);
    if (half < 2) break;
    shapes.push({ d: rectangle(x - half, y, half * 2, step * 0.34), ink: 1, opacity: 0.9 });
  }
  return shapes;
};

/** Ranges of hills, one behind the other. */
const hills: Drawing = ({ energy }, chance) => {
  const shapes: Shape[] = [
    { d: circle(20 + chance() * 60, 24 + chance() * 10, 7 + chance() * 6), ink: 1 },
  ];
  const count = 4;
  for (let i = 0; i < count; i++) {
    const base = 42 + i * 14;
    const height = 8 + energy * 16 + chance() * 6;
    const phase = chance() * Math.PI * 2;
    const wave = (0.6 + chance() * 0.9) / 16;
    let d = "M0 100";
    for (let x = 0; x <= 100; x += 5)
      d += `L${x} ${n(base - height * (0.5 + 0.5 * Math.sin(x * wave + phase)))}`;
    shapes.push({ d: `${d}L100 100z`, ink: i === count - 1 ? 2 : 0, opacity: 0.35 + i * 0.18 });
  }
  return shapes;
};

/** Strings that swing: how far by the energy, how often by the tempo. */
const strings: Drawing = ({ tempo, energy }, chance) => {
  const shapes: Shape[] = [];
  const count = 9 + Math.round(energy * 5);
  const wave = ((tempo / 60) * Math.PI) / 50;
  const centre = 30 + chance() * 40;
  for (let i = 0; i < count; i++) {
    const y = 8 + (i * 84) / (count - 1);
    const phase = i * 0.45;
    let d = "";
    for (let x = 0; x <= 100; x += 2.5) {
      const bell = Math.exp(-((x - centre) ** 2) / (240 + energy * 700));
      d += `${x === 0 ? "M" : "L"}${n(x)} ${n(y + Math.sin(x * wave + phase) * bell * (5 + energy * 13))}`;
    }
    shapes.push({ d, ink: i % 4 === 1 ? 1 : 0, line: 1.3 + energy * 1.2 });
  }
  return shapes;
};

/** A field of dots that swell and fade. */
const dots: Drawing = ({ danceability, energy }, chance) => {
  const count = 6 + Math.round(danceability * 3);
  const step = 100 / count;
  const [cx, cy] = [chance() * count, chance() * count];
  const parts = ["", "", ""];
  for (let row = 0; row < count; row++) {
    for (let column = 0; column < count; column++) {
      const far = Math.hypot(column - cx, row - cy);
      const size = step * (0.1 + 0.36 * (0.5 + 0.5 * Math.cos(far * (0.7 + energy * 0.7))));
      const which = far < 1.2 ? 2 : (row + column) % 5 === 0 ? 1 : 0;
      parts[which] += circle(step * (column + 0.5), step * (row + 0.5), size);
    }
  }
  return parts.map((d, i) => ({ d, ink: ink(i) }));
};

/** Blocks like set type: words that stand close. */
const blocks: Drawing = ({ speechiness, tempo }, chance) => {
  const rows = 5 + Math.round(tempo / 60);
  const height = 84 / rows;
  const parts = ["", "", ""];
  for (let row = 0; row < rows; row++) {
    let x = 8;
    while (x < 90) {
      const width = Math.min(92 - x, 5 + chance() * (30 - speechiness * 16));
      if (width > 2)
        parts[chance() < 0.7 ? 0 : chance() < 0.6 ? 1 : 2] += rectangle(
          x,
          8 + row * height,
          width - 1.6,
          height - 2.2,
        );
      x += width;
    }
  }
  return parts.map((d, i) => ({ d, ink: ink(i) }));
};

/** Splinters from one corner. */
const shards: Drawing = ({ energy }, chance) => {
  const shapes: Shape[] = [];
  const [x, y] = [chance() < 0.5 ? -4 : 104, chance() < 0.5 ? -4 : 104];
  const count = 7 + Math.round(energy * 5);
  const [from, whole] = [Math.atan2(50 - y, 50 - x) - 0.85, 1.7];
  for (let i = 0; i < count; i++) {
    const angle = from + (whole * i) / count;
    const wide = (whole / count) * (0.45 + chance() * 0.45);
    const far = 70 + chance() * 80;
    const tip = (a: number) => `${n(x + Math.cos(a) * far)} ${n(y + Math.sin(a) * far)}`;
    shapes.push({
      d: `M${x} ${y}L${tip(angle)}L${tip(angle + wide)}z`,
      ink: ink(i % 5 === 2 ? 1 : i % 3 === 0 ? 2 : 0),
    });
  }
  return shapes;
};

/** Rings, and what goes round on them. */
const orbits: Drawing = ({ energy, tempo }, chance) => {
  const [x, y] = [36 + chance() * 28, 36 + chance() * 28];
  const shapes: Shape[] = [];
  const count = 4 + Math.round(tempo / 70);
  for (let i = 0; i < count; i++) {
    const r = 9 + i * (46 / count) * 1.25;
    shapes.push({
      d: circle(x, y, r),
      ink: i % 2 === 0 ? 0 : 2,
      line: 0.8 + energy * 2.2,
      opacity: 0.85,
    });
    if (chance() < 0.35) continue;
    const angle = chance() * Math.PI * 2;
    shapes.push({
      d: circle(x + Math.cos(angle) * r, y + Math.sin(angle) * r, 2.2 + chance() * 3.4),
      ink: 1,
    });
  }
  shapes.push({ d: circle(x, y, 5 + energy * 3), ink: 1 });
  return shapes;
};

/** Arches in a grid, some upside down. */
const arches: Drawing = ({ danceability }, chance) => {
  const count = danceability > 0.5 ? 4 : 3;
  const step = 100 / count;
  const shapes: Shape[] = [];
  for (let row = 0; row < count; row++) {
    for (let column = 0; column < count; column++) {
      const [x, y] = [(column + 0.5) * step, (row + 1) * step];
      const first = ink(Math.floor(chance() * 3));
      shapes.push({ d: arch(x, y, step * 0.5), ink: first });
      if (chance() < 0.65) shapes.push({ d: arch(x, y, step * 0.27), ink: ink(first + 1) });
      if (chance() < 0.25) shapes.push({ d: circle(x, y - step * 0.78, step * 0.09), ink: first });
    }
  }
  return shapes;
};

export const drawings = { sun, hills, strings, dots, blocks, shards, orbits, arches };
