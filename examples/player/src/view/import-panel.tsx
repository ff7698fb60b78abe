import { type DragEvent, useRef, useState } from "react";
import { historyOf, playsMax, playsOf } from "../history/read.ts";
import type { Play } from "../history/play.ts";

export type Importer = (
  plays: readonly Play[],
  onProgress: (done: number, all: number) => void,
) => Promise<void>;

type Phase =
  | { name: "waiting" }
  | { name: "reading" }
  | { name: "sending"; done: number; all: number }
  | { name: "done"; plays: number; found: number; titles: number; seconds: number }
  | { name: "failed"; why: string };

/** Takes somebody's own history, by drop or by choosing files, and makes it theirs here. */
export function ImportPanel({ onImport }: { onImport: Importer }) {
  const [phase, setPhase] = useState<Phase>({ name: "waiting" });
  const [isOver, setOver] = useState(false);
  const input = useRef<HTMLInputElement>(null);
  const take = async (files: readonly File[]): Promise<void> => {
    if (files.length === 0) return;
    const began = performance.now();
    try {
      setPhase({ name: "reading" });
      const lists: Play[][] = [];
      for (const file of files) lists.push(playsOf(file.name, await file.text()));
      const { plays, found } = historyOf(lists);
      await onImport(plays, (done, all) => setPhase({ name: "sending", done, all }));
      const titles = new Set(plays.map(({ id }) => id)).size;
      const seconds = (performance.now() - began) / 1000;
      setPhase({ name: "done", plays: plays.length, found, titles, seconds });
    } catch (error) {
      setPhase({ name: "failed", why: error instanceof Error ? error.message : String(error) });
    }
  };
  const drop = (event: DragEvent): void => {
    event.preventDefault();
    setOver(false);
    void take([...event.dataTransfer.files]);
  };
  const isBusy = phase.name === "reading" || phase.name === "sending";
  return (
    <section
      className={isOver ? "panel drop over" : "panel drop"}
      aria-labelledby="yours"
      onDragOver={(event) => {
        event.preventDefault();
        setOver(true);
      }}
      onDragLeave={() => setOver(false)}
      onDrop={drop}
    >
      <h2 id="yours">Make it yours</h2>
      <Explanation />
      <input
        ref={input}
        id="history-files"
        className="visually-hidden"
        tabIndex={-1}
        aria-label="History files"
        type="file"
        multiple
        accept=".json,.jsonl,.ndjson,application/json"
        onChange={(event) => void take([...(event.target.files ?? [])])}
      />
      <button className="solid" disabled={isBusy} onClick={() => input.current?.click()}>
        Choose history files
      </button>
      <p role="status" className="progress">
        <Progress phase={phase} />
      </p>
    </section>
  );
}

function Explanation() {
  return (
    <p>
      Drop your Spotify extended streaming history or a ListenBrainz export here (the unpacked JSON
      files; the newest {playsMax.toLocaleString("en")} listens count). They are read in this
      browser; of each listen only title, track id, time and whether it was skipped go on, to the
      Attune on this machine. The address field is dropped unread. Your history starts a new
      listener: what you did here before is forgotten first.
    </p>
  );
}

function Progress({ phase }: { phase: Phase }) {
  if (phase.name === "waiting") return null;
  if (phase.name === "reading") return <>Reading in the browser.</>;
  if (phase.name === "failed") return <>{phase.why}</>;
  if (phase.name === "sending")
    return (
      <>
        <progress aria-label="Sent" max={phase.all} value={phase.done} />
        {phase.done < phase.all ? "Sending" : "Sent"}
      </>
    );
  const { plays, found, titles, seconds } = phase;
  const left =
    found > plays ? ` The ${(found - plays).toLocaleString("en")} oldest were left out.` : "";
  return (
    <>
      {plays.toLocaleString("en")} listens to {titles.toLocaleString("en")} titles in{" "}
      {seconds.toFixed(1)} s. The list is yours now.{left}
    </>
  );
}
