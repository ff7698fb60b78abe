import { useDeck } from "./deck-context.ts";
import type { Lap } from "../stopwatch.ts";

/** The milliseconds of the newest click, and those of the clicks before as bars. */
export function Measure() {
  const laps = useDeck("laps");
  const newest = laps.at(-1);
  const timed = laps.filter(({ listMs }) => listMs !== undefined);
  const shown = newest?.listMs ?? newest?.ackMs;
  return (
    <div className="measure">
      {shown !== undefined && (
        <p className="number" data-testid="click-to-list">
          {rounded(shown)}
          <span className="unit"> ms</span>
        </p>
      )}
      <p className="meaning">{meaningOf(newest)}</p>
      {timed.length > 1 && <Bars laps={timed} />}
    </div>
  );
}

function Bars({ laps }: { laps: readonly Lap[] }) {
  const times = laps.map(({ listMs }) => listMs ?? 0);
  const most = Math.max(...times, 1);
  const middle = times.toSorted((a, b) => a - b)[times.length >> 1]!;
  return (
    <div className="bars">
      <svg viewBox="0 0 240 36" preserveAspectRatio="none" aria-hidden="true" focusable="false">
        {times.map((ms, i) => {
          const height = Math.max(2, (ms / most) * 34);
          return <rect key={i} x={i * 10} y={36 - height} width="7" height={height} rx="1" />;
        })}
      </svg>
      <p>
        {laps.length} clicks, half of them within {rounded(middle)} ms
      </p>
    </div>
  );
}

function meaningOf(lap: Lap | undefined): string {
  if (lap === undefined)
    return "From your click to the new list on the screen: measured here, on every click.";
  const acked =
    lap.ackMs === undefined
      ? ""
      : ` The event was on the disk and acknowledged after ${rounded(lap.ackMs)} ms.`;
  if (lap.listMs === undefined) {
    if (lap.ackMs === undefined) return "On its way.";
    return `From your click to the acknowledgement: the event is on the disk. It has not changed the list.`;
  }
  const places = lap.moved === 1 ? "one place" : `${lap.moved} places`;
  return `From ${lap.what} to the new list on the screen, changed in ${places}.${acked}`;
}

function rounded(ms: number): string {
  return ms < 10 ? ms.toFixed(1) : String(Math.round(ms));
}
