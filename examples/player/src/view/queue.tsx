import { useRef, useState } from "react";
import type { Reason } from "@attune/protocol";
import { queueOf, queueShown } from "../deck.ts";
import { Compare } from "./compare.tsx";
import { useDeck } from "./deck-context.ts";
import { useFlip } from "./flip.ts";
import { useFocusKept } from "./focus-kept.ts";
import { QueueRow } from "./row.tsx";
import { useSights } from "./sight.ts";

interface QueueParts {
  isComparing: boolean;
  onCompare: (isComparing: boolean) => void;
}

/** Up next: the live list, or all three timetables side by side. */
export function Queue({ isComparing, onCompare }: QueueParts) {
  const list = useDeck("list");
  const isLive = useDeck("isLive");
  const isStranger = list?.items.every(({ reasons }) => reasons.every(isNobodys)) ?? true;
  return (
    <section className="queue" aria-labelledby="up-next">
      <header>
        <div>
          <h2 id="up-next" tabIndex={-1}>
            Up next
          </h2>
          <p className="under">
            {list === undefined
              ? "Connecting"
              : isLive
                ? isStranger
                  ? "Live. This is what a stranger is shown"
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

/** Whether the reason would hold for anybody: it names nothing that the visitor did. */
function isNobodys({ because }: Reason): boolean {
  return because === undefined;
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
  const list = useDeck("list");
  const marks = useDeck("marks");
  const liked = useDeck("liked");
  const element = useRef<HTMLOListElement>(null);
  const shown = queueOf({ list, marks }).slice(0, queueShown);
  const gains = useGains(shown.map(({ id }) => id));
  useFlip(element);
  useSights(element, list);
  const focusKept = useFocusKept(element);
  if (list === undefined) return <ol className="rows waiting" aria-hidden="true" />;
  return (
    <ol className="rows" ref={element} {...focusKept}>
      {shown.map((entry, place) => (
        <QueueRow
          key={entry.id}
          entry={entry}
          place={place + 1}
          gained={gains.get(entry.id)}
          isLiked={liked.has(entry.id)}
        />
      ))}
    </ol>
  );
}

/** How many places each track has gained since the order was last another one. */
function useGains(ids: readonly string[]): ReadonlyMap<string, number> {
  const [known, setKnown] = useState<{ ids: readonly string[]; gains: Map<string, number> }>({
    ids,
    gains: new Map(),
  });
  if (known.ids.join() === ids.join()) return known.gains;
  const before = new Map(known.ids.map((id, place) => [id, place]));
  const gains = new Map(ids.map((id, place) => [id, (before.get(id) ?? place) - place]));
  setKnown({ ids, gains });
  return gains;
}
