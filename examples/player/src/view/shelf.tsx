import { type KeyboardEvent, memo, type ReactNode, useRef, useState } from "react";
import type { LiveItem, LiveList } from "@attune/protocol";
import { CoverImage } from "../art/cover-image.tsx";
import { Icon } from "../art/icon.tsx";
import { headline, whyOf } from "../live/words.ts";
import { useDeck, useRoom } from "./deck-context.ts";
import { useFlip } from "./flip.ts";
import { useFocusKept } from "./focus-kept.ts";
import { useSights } from "./sight.ts";

interface ShelfParts {
  id: string;
  title: string;
  /** What the row is, in a sentence or two. */
  under: string;
  list: LiveList | undefined;
  items: readonly LiveItem[];
  isRanked?: boolean;
  /** What stands there instead of tracks. */
  empty?: ReactNode;
}

/**
 * A row of tracks that scrolls sideways. It is one stop of the tab key: left and right go from track to track,
 * tab goes on to what can be done with the one that has the focus.
 */
export function Shelf({ id, title, under, list, items, isRanked = false, empty }: ShelfParts) {
  const [current, setCurrent] = useState<string>();
  const element = useRef<HTMLUListElement>(null);
  useFlip(element);
  useSights(element, list);
  const focusKept = useFocusKept(element);
  const stop = items.some((entry) => entry.id === current) ? current : items[0]?.id;
  return (
    <section className="shelf" aria-labelledby={id} aria-busy={list === undefined}>
      <h2 id={id} tabIndex={-1}>
        {title}
      </h2>
      <p className="under">{under}</p>
      {list !== undefined && items.length === 0 ? (
        <p className="nothing">{empty}</p>
      ) : (
        <ul className="cards" ref={element} onKeyDown={moveFocus} {...focusKept}>
          {items.map((entry, place) => (
            <Card
              key={entry.id}
              entry={entry}
              list={list!}
              place={isRanked ? place + 1 : undefined}
              isStop={entry.id === stop}
              onFocus={setCurrent}
            />
          ))}
        </ul>
      )}
    </section>
  );
}

interface CardParts {
  entry: LiveItem;
  list: LiveList;
  place: number | undefined;
  isStop: boolean;
  onFocus: (id: string) => void;
}

const Card = memo(function Card({ entry, list, place, isStop, onFocus }: CardParts) {
  const { deck, trackOf, titleOf } = useRoom();
  const isLiked = useDeck("liked").has(entry.id);
  const track = trackOf(entry.id, entry.item);
  const tabIndex = isStop ? 0 : -1;
  return (
    <li className="card" data-id={entry.id} onFocus={() => onFocus(entry.id)}>
      <button
        className="pick-card"
        data-card
        tabIndex={tabIndex}
        onClick={(event) => deck.choose(track, event.timeStamp, list)}
      >
        <CoverImage track={track} />
        <span className="visually-hidden">Play </span>
        <span className="title">
          {place !== undefined && (
            <span className="rank" aria-hidden="true">
              {place}
            </span>
          )}
          {track.title}
        </span>
        <span className="why">{headline(whyOf(entry, titleOf))}</span>
      </button>
      <span className="deeds">
        <button
          className="small"
          tabIndex={tabIndex}
          aria-pressed={isLiked}
          aria-label={`Like ${track.title}`}
          onClick={(event) => deck.like(track, event.timeStamp, list)}
        >
          <Icon name="like" />
        </button>
        <button
          className="small"
          tabIndex={tabIndex}
          aria-label={`Not for me: ${track.title}`}
          title="Not for me"
          onClick={(event) => deck.refuse(track, event.timeStamp, list)}
        >
          <Icon name="close" />
        </button>
      </span>
    </li>
  );
});

function moveFocus(event: KeyboardEvent<HTMLUListElement>): void {
  const cards = [...event.currentTarget.querySelectorAll<HTMLElement>("[data-card]")];
  const own = (event.target as Element).closest("li")?.querySelector<HTMLElement>("[data-card]");
  const at = own === null || own === undefined ? -1 : cards.indexOf(own);
  const to = { ArrowRight: at + 1, ArrowLeft: at - 1, Home: 0, End: cards.length - 1 }[event.key];
  if (to === undefined || at < 0) return;
  event.preventDefault();
  event.stopPropagation();
  cards[to]?.focus();
}
