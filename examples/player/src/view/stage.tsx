import type { MouseEvent } from "react";
import type { Track } from "../../catalogue/track.ts";
import { CoverImage } from "../art/cover-image.tsx";
import { Icon } from "../art/icon.tsx";
import { sketchMs } from "../deck.ts";
import { useDeck, useRoom } from "./deck-context.ts";
import { Measure } from "./measure.tsx";

interface Sound {
  isOn: boolean;
  onToggle: () => void;
}

interface StageParts {
  sound: Sound;
  /** Tracks to begin with. */
  starters: readonly Track[];
}

/** What plays now, and the three things one can do to it. */
export function Stage({ sound, starters }: StageParts) {
  const track = useDeck("track");
  return (
    <section className="stage" aria-labelledby="now">
      {track === undefined ? (
        <Invitation starters={starters} />
      ) : (
        <Playing track={track} sound={sound} />
      )}
      <Measure />
    </section>
  );
}

function Invitation({ starters }: { starters: readonly Track[] }) {
  const { deck } = useRoom();
  return (
    <div className="invitation">
      <h1 id="now">Play anything to begin.</h1>
      <p>
        Until you do, the list is what a stranger is shown. Each play, skip and like moves it while
        you look on.
      </p>
      <ul className="starters">
        {starters.map((track) => (
          <li key={track.id}>
            <button
              title={track.title}
              aria-label={`Play ${track.title}`}
              onClick={(event) => deck.choose(track, event.timeStamp)}
            >
              <CoverImage track={track} />
            </button>
          </li>
        ))}
      </ul>
    </div>
  );
}

function Playing({ track, sound }: { track: Track; sound: Sound }) {
  const at = useDeck("at");
  return (
    <div className="playing">
      <div className="sleeve">
        <CoverImage key={track.id} track={track} />
      </div>
      <div className="label">
        <h1 id="now">
          <span className="visually-hidden">Now playing: </span>
          {track.title}
        </h1>
        <p className="facts">
          {factsOf(track).map((fact) => (
            <span key={fact}>{fact}</span>
          ))}
        </p>
        <progress aria-label="Place in the sketch" max={sketchMs} value={at} />
        <Controls track={track} sound={sound} />
      </div>
    </div>
  );
}

function Controls({ track, sound }: { track: Track; sound: Sound }) {
  const { deck } = useRoom();
  const isPlaying = useDeck("isPlaying");
  const isLiked = useDeck("liked").has(track.id);
  const at = (event: MouseEvent) => event.timeStamp;
  return (
    <div className="controls" role="group" aria-label="Controls">
      <button
        className="round"
        aria-pressed={isLiked}
        aria-label="Like"
        title="Like (L)"
        onClick={(event) => deck.like(track, at(event))}
      >
        <Icon name="like" />
      </button>
      <button
        className="round main"
        aria-label={isPlaying ? "Pause" : "Play"}
        title={isPlaying ? "Pause (space)" : "Play (space)"}
        onClick={() => deck.toggle()}
      >
        <Icon name={isPlaying ? "pause" : "play"} />
      </button>
      <button
        className="round"
        aria-label="Skip"
        title="Skip (S)"
        onClick={(event) => deck.skip(at(event))}
      >
        <Icon name="skip" />
      </button>
      <button
        className="quiet sound"
        aria-pressed={sound.isOn}
        title="A short loop made from the track's tempo, energy, valence and genre. No recording."
        onClick={sound.onToggle}
      >
        <Icon name={sound.isOn ? "sound" : "silent"} />
        <span>{sound.isOn ? "Sound on" : "Sound off"}</span>
      </button>
    </div>
  );
}

function factsOf({ genre, tempo, energy, valence }: Track): string[] {
  if (genre === undefined) return ["From a listening history: a title, no audio data"];
  const percent = (part: number): number => Math.round(part * 100);
  return [
    genre,
    `${Math.round(tempo)} bpm`,
    `energy ${percent(energy)}`,
    `valence ${percent(valence)}`,
  ];
}
