import { memo } from "react";
import { coverOf, type Ink } from "./cover.ts";
import type { Sketchable } from "./drawings.ts";

const fill = ([light, dark]: Ink): string => `light-dark(${light}, ${dark})`;

/** A cover as decoration: the title always stands beside it. */
export const CoverImage = memo(
  function CoverImage({ track }: { track: Sketchable }) {
    const { ground, inks, shapes } = coverOf(track);
    return (
      <svg className="cover" viewBox="0 0 100 100" aria-hidden="true" focusable="false">
        <rect width="100" height="100" style={{ fill: fill(ground) }} />
        {shapes.map(({ d, ink, opacity, line }, i) => {
          const colour = fill(inks[ink]!);
          const style =
            line === undefined
              ? { fill: colour, opacity }
              : { fill: "none", stroke: colour, strokeWidth: line, opacity };
          return <path key={i} d={d} style={style} />;
        })}
      </svg>
    );
  },
  (a, b) => a.track.id === b.track.id,
);
