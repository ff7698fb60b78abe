import { useRef } from "react";
import { queueOf, queueShown } from "../deck.ts";
import { Compare } from "./compare.tsx";
import { useDeck } from "./deck-context.ts";
import { useFlip } from "./flip.ts";
import { QueueRow } from "./row.tsx";

interface QueueParts {
  isComparing: boolean;
  onCompare: (isComparing: boolean) => void;
}

/** Up next: the live list, or all three timetables side by side. */
export function Queue({ isComparing, onCompare }: QueueParts) {
  const { list, isLive, laps } = useDeck();
  const isStranger = laps.length === 0;
  return (
    <section className="queue" aria-labelledby="up-next">
      <header>
        <div>
          <h2 id="up-next">Up next</h2>
          <p className="under">
            {list === undefined
              ? "Connecting"
              : isLive
                ? isStranger
                  ? "Live. As a stranger sees it, until you play something"
                  : "Live. Every act of yours is already in it"
                : "The line is down; this is the last list"}
          </p>
        </div>
        <fieldset className="switch">
          <legend className="visually-hidden">Timetables</legend>
          <Choice label="Live" isOn={!isComparing} onPick={() => onCompare(false)} />
          <Choice label="Compare three" isOn={isComparing} onPick={() => onCompare(true)} />
        </fieldset>
      </header>
      {isComparing ? <Compare /> : <Rows />}
    </section>
  );
}

function Choice({ label, isOn, onPick }: { label: string; isOn: boolean; onPick: () => void }) {
  return (
    <label>
      <input type="radio" name="timetables" checked={isOn} onChange={onPick} />
      <span>{label}</span>
    </label>
  );
}

function Rows() {
  const state = useDeck();
  const list = useRef<HTMLOListElement>(null);
  const before = useRef<{
    v: number | undefined;
    places: Map<string, number>;
    gains: Map<string, number>;
  }>({
    v: undefined,
    places: new Map(),
    gains: new Map(),
  });
  const shown = queueOf(state).slice(0, queueShown);
  const ids = shown.map(({ id }) => id).join(" ");
  const seen = useRef("");
  if (seen.current !== ids) {
    seen.current = ids;
    const places = new Map(shown.map(({ id }, place) => [id, place]));
    const was = before.current.places;
    const gains = new Map(shown.map(({ id }, place) => [id, (was.get(id) ?? place) - place]));
    before.current = { v: state.list?.v, places, gains };
  }
  useFlip(list);
  if (state.list === undefined) return <ol className="rows waiting" aria-hidden="true" />;
  return (
    <ol className="rows" ref={list}>
      {shown.map((entry, place) => (
        <QueueRow
          key={entry.id}
          entry={entry}
          place={place + 1}
          gained={before.current.gains.get(entry.id)}
          isLiked={state.liked.has(entry.id)}
        />
      ))}
    </ol>
  );
}
