import { useEffect, useRef, useState } from "react";
import type { Track } from "../catalogue/track.ts";
import { Synth } from "./audio/synth.ts";
import { Icon } from "./art/icon.tsx";
import { type Shelf, startersOf } from "./catalogue.ts";
import type { OpenRoom } from "./room.ts";
import { press } from "./shortcuts.ts";
import { useTheme } from "./theme.ts";
import { Browse } from "./view/browse.tsx";
import { CrowdNote } from "./view/crowd.tsx";
import { RoomContext, useDeck } from "./view/deck-context.ts";
import { ForgetPanel } from "./view/forget-panel.tsx";
import { Help } from "./view/help.tsx";
import { ImportPanel } from "./view/import-panel.tsx";
import { Queue } from "./view/queue.tsx";
import { Shelves } from "./view/shelves.tsx";
import { Stage } from "./view/stage.tsx";

const tickMs = 200;

export function App({ room, shelf }: { room: OpenRoom; shelf: Shelf }) {
  const [isComparing, setComparing] = useState(false);
  const [areKeysOn, setKeysOn] = useState(true);
  const [starters] = useState(() => startersOf(shelf));
  const dialog = useRef<HTMLDialogElement>(null);
  const help = (): void => dialog.current?.showModal();
  usePlayback(room);
  useKeys(room, areKeysOn, () => setComparing((is) => !is), help);
  return (
    <RoomContext value={room}>
      <TopBar onHelp={help} />
      <main className={isComparing ? "comparing" : undefined}>
        <StageWithSound starters={starters} />
        <Queue isComparing={isComparing} onCompare={setComparing} />
        <Shelves />
        <Browse shelf={shelf} />
        <div className="panels">
          <ImportPanel onImport={room.bringIn} />
          <ForgetPanel onForget={room.forgetMe} />
        </div>
      </main>
      <footer>
        <p>
          Titles and audio features:{" "}
          <a href="https://github.com/mdeff/fma">Free Music Archive metadata</a>, Defferrard et al.,
          CC BY 4.0. Covers and sounds are drawn from the numbers. All other listeners are
          synthetic.
        </p>
      </footer>
      <Help dialog={dialog} areKeysOn={areKeysOn} onKeys={setKeysOn} />
      <Announcer />
    </RoomContext>
  );
}

function TopBar({ onHelp }: { onHelp: () => void }) {
  const [theme, pick] = useTheme();
  const other = theme === "dark" ? "light" : "dark";
  return (
    <header className="top">
      <a className="skip-link" href="#up-next">
        Skip to the queue
      </a>
      <p className="brand">
        Attune <span>player</span>
      </p>
      <CrowdNote />
      <div className="tools">
        <button className="small" aria-label={`Switch to ${other}`} onClick={() => pick(other)}>
          <Icon name={theme === "dark" ? "sun" : "moon"} />
        </button>
        <button className="small" aria-label="Help and keys" aria-keyshortcuts="?" onClick={onHelp}>
          <span aria-hidden="true">?</span>
        </button>
      </div>
    </header>
  );
}

/** The sound follows the deck, once it has been asked for. */
function StageWithSound({ starters }: { starters: readonly Track[] }) {
  const [track, isPlaying] = [useDeck("track"), useDeck("isPlaying")];
  const [isOn, setOn] = useState(false);
  const synth = useRef<Synth>(undefined);
  useEffect(() => {
    if (!isOn || !isPlaying || track === undefined) return;
    synth.current ??= new Synth();
    synth.current.play(track);
    return () => synth.current?.stop();
  }, [isOn, isPlaying, track]);
  return (
    <div className="side">
      <Stage sound={{ isOn, onToggle: () => setOn(!isOn) }} starters={starters} />
    </div>
  );
}

/** Says what changed, politely: only what the listener's own acts brought about is ever said. */
function Announcer() {
  const said = useDeck("said");
  return (
    <p className="visually-hidden" role="status" data-testid="announcer">
      {said}
    </p>
  );
}

function usePlayback({ deck }: OpenRoom): void {
  useEffect(() => {
    let last = performance.now();
    const timer = setInterval(() => {
      const now = performance.now();
      // A page in the background wakes seldom; what it slept through was not heard.
      deck.advance(Math.min(now - last, tickMs * 2));
      last = now;
    }, tickMs);
    return () => clearInterval(timer);
  }, [deck]);
}

function useKeys({ deck }: OpenRoom, areOn: boolean, compare: () => void, help: () => void): void {
  const deeds = useRef({ compare, help });
  useEffect(() => {
    deeds.current = { compare, help };
  });
  useEffect(() => {
    if (!areOn) return;
    const listen = (event: KeyboardEvent): void => {
      const did = press(event, {
        toggle: () => deck.toggle(),
        skip: (at) => deck.skip(at),
        like: (at) => {
          const { track } = deck.state();
          if (track !== undefined) deck.like(track, at);
        },
        compare: () => deeds.current.compare(),
        help: () => deeds.current.help(),
        enterQueue: () => document.querySelector<HTMLElement>(".queue [data-row]")?.focus(),
      });
      if (did) event.preventDefault();
    };
    document.addEventListener("keydown", listen);
    return () => document.removeEventListener("keydown", listen);
  }, [deck, areOn]);
}
