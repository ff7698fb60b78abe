import { useState } from "react";
import { type Genre, genres, type Track } from "../../catalogue/track.ts";
import { CoverImage } from "../art/cover-image.tsx";
import { type Mood, moods, search, type Shelf } from "../catalogue.ts";
import { useRoom } from "./deck-context.ts";

const step = 18;

/** The whole catalogue, by genre, by mood and by words of the title; the most heard first. */
export function Browse({ shelf }: { shelf: Shelf }) {
  const [text, setText] = useState("");
  const [genre, setGenre] = useState<Genre>();
  const [mood, setMood] = useState<Mood>();
  const [limit, setLimit] = useState(step);
  const found = search(shelf, { text, genre, mood }, limit + 1);
  return (
    <section className="browse" aria-labelledby="browse">
      <h2 id="browse">Find something to play</h2>
      <div className="wishes">
        <label className="search">
          <span className="visually-hidden">Search by title</span>
          <input
            type="search"
            placeholder={`Search ${shelf.tracks.length.toLocaleString("en")} titles`}
            value={text}
            onChange={(event) => setText(event.target.value)}
          />
        </label>
        <Chips name="Genre" all={genres} picked={genre} onPick={setGenre} />
        <Chips name="Mood, by the audio features" all={moods} picked={mood} onPick={setMood} />
      </div>
      <ul className="grid">
        {found.slice(0, limit).map((track) => (
          <Tile key={track.id} track={track} />
        ))}
      </ul>
      {found.length === 0 && <p className="under">No title has these words.</p>}
      {found.length > limit && (
        <button className="quiet more" onClick={() => setLimit(limit + step)}>
          Show more
        </button>
      )}
    </section>
  );
}

interface ChipParts<T extends string> {
  name: string;
  all: readonly T[];
  picked: T | undefined;
  onPick: (one: T | undefined) => void;
}

function Chips<T extends string>({ name, all, picked, onPick }: ChipParts<T>) {
  return (
    <div className="chips" role="group" aria-label={name}>
      {all.map((one) => (
        <button
          key={one}
          aria-pressed={picked === one}
          onClick={() => onPick(picked === one ? undefined : one)}
        >
          {one}
        </button>
      ))}
    </div>
  );
}

function Tile({ track }: { track: Track }) {
  const { deck } = useRoom();
  return (
    <li>
      <button className="tile" onClick={(event) => deck.choose(track, event.timeStamp)}>
        <CoverImage track={track} />
        <span className="title">{track.title === "" ? "(untitled)" : track.title}</span>
        <span className="genre">{track.genre}</span>
      </button>
    </li>
  );
}
