/**
 * The same API asked on a slower timetable, for comparison: once a minute, or once a night at three. A list
 * stays as it was until its time has come, however much happens in between.
 */
import { type Answer, recommend } from "../attune.ts";

export type Pace = "minute" | "nightly";

export interface SlowList {
  answer: Answer;
  /** When it was asked for, ms. */
  at: number;
  nextAt: number;
}

const minuteMs = 60_000;
const nightlyHour = 3;

/** When a list of this pace that was made at `at` is made again, in the visitor's own time zone. */
export function nextTime(pace: Pace, at: number): number {
  if (pace === "minute") return at + minuteMs;
  const night = new Date(at);
  night.setHours(nightlyHour, 0, 0, 0);
  if (night.getTime() <= at) night.setDate(night.getDate() + 1);
  return night.getTime();
}

/** Asks now and then at every due time, until stopped. */
export function follow(
  visitor: string,
  limit: number,
  pace: Pace,
  onList: (list: SlowList) => void,
): () => void {
  let timer: ReturnType<typeof setTimeout> | undefined;
  let isStopped = false;
  const ask = async (): Promise<void> => {
    const at = Date.now();
    const nextAt = nextTime(pace, at);
    const answer = await recommend(visitor, limit).catch(() => undefined);
    if (isStopped) return;
    if (answer !== undefined) onList({ answer, at, nextAt });
    timer = setTimeout(() => void ask(), Math.min(nextAt - Date.now(), 2 ** 31 - 1));
  };
  void ask();
  return () => {
    isStopped = true;
    clearTimeout(timer);
  };
}
