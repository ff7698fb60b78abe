import { useEffect, useRef, useState } from "react";
import type { LiveItem } from "@attune/protocol";
import { CoverImage } from "../art/cover-image.tsx";
import { type Mark, queueOf } from "../deck.ts";
import type { SlowList } from "../live/slow-list.ts";
import { useDeck, useRoom } from "./deck-context.ts";
import { useFlip } from "./flip.ts";

const shown = 10;
const clock = new Intl.DateTimeFormat("en-GB", {
  hour: "2-digit",
  minute: "2-digit",
  second: "2-digit",
});
const day = new Intl.DateTimeFormat("en-GB", {
  weekday: "short",
  hour: "2-digit",
  minute: "2-digit",
});

/** One click stream, three timetables: the same API asked at once, each minute, each night. */
export function Compare() {
  const [list, marks] = [useDeck("list"), useDeck("marks")];
  const [minute, nightly] = [useDeck("minute"), useDeck("nightly")];
  const sentAt = useDeck("sentAt");
  const now = useNow();
  const unseen = (slow: SlowList | undefined): number =>
    slow === undefined ? 0 : sentAt.filter((at) => at >= slow.at).length;
  const left = (list: SlowList): string =>
    `${Math.max(0, Math.ceil((list.nextAt - now) / 1000))} s`;
  return (
    <div className="compare">
      <Column
        name="Attune, live"
        when="Changes as you act"
        unseen={0}
        items={queueOf({ list, marks })}
        isLive
      />
      <Column
        name="Refreshed each minute"
        when={
          minute === undefined
            ? "Asking"
            : `As of ${clock.format(minute.at)}, next in ${left(minute)}`
        }
        unseen={unseen(minute)}
        items={minute?.answer.items ?? []}
      />
      <Column
        name="Nightly"
        when={
          nightly === undefined
            ? "Asking"
            : `As of your arrival, next ${day.format(nightly.nextAt)}`
        }
        unseen={unseen(nightly)}
        items={nightly?.answer.items ?? []}
      />
    </div>
  );
}

interface ColumnParts {
  name: string;
  when: string;
  /** Events that this list has not heard of. */
  unseen: number;
  items: readonly LiveItem[];
  isLive?: boolean;
}

function Column({ name, when, unseen, items, isLive = false }: ColumnParts) {
  const marks = useDeck("marks");
  const list = useRef<HTMLOListElement>(null);
  useFlip(list);
  return (
    <section className={isLive ? "column live" : "column"} aria-label={name}>
      <h3>{name}</h3>
      <p className="when">{when}</p>
      <p className={unseen === 0 ? "unseen none" : "unseen"}>
        {unseen === 0
          ? "Knows all you did"
          : `Has not heard of ${unseen} ${unseen === 1 ? "event" : "events"}`}
      </p>
      <ol ref={list}>
        {items.slice(0, shown).map((entry) => (
          <Line key={entry.id} entry={entry} mark={marks.get(entry.id)} />
        ))}
      </ol>
    </section>
  );
}

const markWords: Readonly<Record<Mark, string>> = {
  playing: "you are hearing it",
  heard: "you just heard it",
  skipped: "you skipped it",
  refused: "you turned it down",
};

function Line({ entry, mark }: { entry: LiveItem; mark: Mark | undefined }) {
  const { deck, trackOf } = useRoom();
  const track = trackOf(entry.id, entry.item);
  return (
    <li data-id={entry.id}>
      <button className="line" onClick={(event) => deck.choose(track, event.timeStamp)}>
        <CoverImage track={track} />
        <span className="names">
          <span className="title">{track.title}</span>
          {mark !== undefined && <span className="mark">{markWords[mark]}</span>}
        </span>
      </button>
    </li>
  );
}

function useNow(): number {
  const [now, setNow] = useState(() => Date.now());
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), 1000);
    return () => clearInterval(timer);
  }, []);
  return now;
}
