import { type KeyboardEvent, memo, useId, useState } from "react";
import type { LiveItem } from "@attune/protocol";
import { CoverImage } from "../art/cover-image.tsx";
import { Icon } from "../art/icon.tsx";
import { headline, type Why, whyOf } from "../live/words.ts";
import { useRoom } from "./deck-context.ts";

interface RowParts {
  entry: LiveItem;
  place: number;
  /** Places gained since the list before; 0 for none, undefined for a newcomer. */
  gained: number | undefined;
  isLiked: boolean;
}

/** A track of the queue: play it, like it, put it aside, or ask why it is there. */
export const QueueRow = memo(function QueueRow({ entry, place, gained, isLiked }: RowParts) {
  const { deck, trackOf, titleOf } = useRoom();
  const [isOpen, setOpen] = useState(false);
  const account = useId();
  const track = trackOf(entry.id, entry.item);
  const whys = whyOf(entry, titleOf);
  return (
    <li className="row" data-id={entry.id}>
      <span className="place" aria-hidden="true">
        {place}
        {gained !== undefined && gained > 0 && <span className="gained">↑{gained}</span>}
      </span>
      <button
        className="pick"
        data-row
        onClick={(event) => deck.choose(track, event.timeStamp)}
        onKeyDown={moveFocus}
      >
        <CoverImage track={track} />
        <span className="names">
          <span className="visually-hidden">Play </span>
          <span className="title">{track.title}</span>
          <span className="why">{headline(whys)}</span>
        </span>
      </button>
      <span className="deeds">
        <button
          className="small"
          aria-pressed={isLiked}
          aria-label={`Like ${track.title}`}
          onClick={(event) => deck.like(track, event.timeStamp)}
        >
          <Icon name="like" />
        </button>
        <button
          className="small"
          aria-label={`Skip ${track.title}`}
          onClick={(event) => deck.pass(track, event.timeStamp)}
        >
          <Icon name="skip" />
        </button>
        <button
          className="small turn"
          aria-expanded={isOpen}
          aria-controls={account}
          aria-label={`Why ${track.title}`}
          onClick={() => setOpen(!isOpen)}
        >
          <Icon name="why" />
        </button>
      </span>
      <div className="account" id={account} hidden={!isOpen}>
        {isOpen && <Account whys={whys} score={entry.score} />}
      </div>
    </li>
  );
});

/** The exact account: the shares of the reasons sum to the score. */
function Account({ whys, score }: { whys: readonly Why[]; score: number }) {
  return (
    <table>
      <caption>Why it stands here: all of its score of {score.toLocaleString("en")}</caption>
      <tbody>
        {whys.map(({ text, share, percent }) => (
          <tr key={text}>
            <th scope="row">{text}</th>
            <td className="bar" aria-hidden="true">
              <span
                style={{ width: `${Math.min(100, Math.abs(percent))}%` }}
                data-less={share < 0}
              />
            </td>
            <td>{percent} %</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

/** Up and down go from track to track. */
function moveFocus(event: KeyboardEvent<HTMLButtonElement>): void {
  const step = event.key === "ArrowDown" ? 1 : event.key === "ArrowUp" ? -1 : 0;
  if (step === 0) return;
  event.preventDefault();
  event.stopPropagation();
  const rows = [...document.querySelectorAll<HTMLElement>(".queue [data-row]")];
  rows[rows.indexOf(event.currentTarget) + step]?.focus();
}
