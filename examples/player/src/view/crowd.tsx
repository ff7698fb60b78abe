import { useEffect, useState } from "react";
import { post } from "../attune.ts";

interface Status {
  isRunning: boolean;
  listeners: number;
  eventsPerS: number;
  past: { sent: number; all: number };
}

/** The crowd, and that nobody in it is real. */
export function CrowdNote() {
  const [status, setStatus] = useState<Status>();
  useEffect(() => {
    const ask = async (): Promise<void> => {
      const answer = await fetch("/player/crowd").catch(() => undefined);
      if (answer?.ok === true) setStatus((await answer.json()) as Status);
    };
    void ask();
    const timer = setInterval(() => void ask(), 2_000);
    return () => clearInterval(timer);
  }, []);
  if (status === undefined) return null;
  const { past, isRunning, listeners, eventsPerS } = status;
  const toggle = async (): Promise<void> => {
    const answer = await post("/player/crowd", { isRunning: !isRunning });
    setStatus((await answer.json()) as Status);
  };
  if (past.sent < past.all)
    return (
      <p className="crowd">
        Synthetic crowd arriving: {past.sent.toLocaleString("en")} of{" "}
        {past.all.toLocaleString("en")} events
      </p>
    );
  return (
    <p className="crowd">
      <span className={isRunning ? "pulse" : "pulse still"} aria-hidden="true" />
      <span>
        {listeners} synthetic listeners, {isRunning ? `${eventsPerS} events a second` : "paused"}
      </span>
      <button className="quiet" onClick={() => void toggle()}>
        {isRunning ? "Pause" : "Resume"}
        <span className="visually-hidden"> the synthetic crowd</span>
      </button>
    </p>
  );
}
