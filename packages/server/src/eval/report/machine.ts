/**
 * The machine that a history like this needs: estimates, each with how it was come by. What is measured is measured
 * in the run itself, on the machine that makes the report; doors, log and disk are not in it.
 */
import { encodeState } from "../../core/fold/codec.ts";
import type { Live } from "./answers.ts";
import type { History } from "./history.ts";

const secondMs = 1_000;
const minuteMs = 60_000;
const dayMs = 86_400_000;
/** People whose states are packed to learn how large one is, the newest of them. */
const statesSampled = 2_000;
/**
 * What HTTP, JSON, the durable log and the push to screens take beside ranking and sums. A reckoning, not a
 * measurement of this run: docs/benchmarks.md has whole paths.
 */
export const doorsFactor = 2;

export interface Machine {
  /** Interactions per second: the mean, in the busiest minute, in the busiest second. */
  meanPerS: number;
  peakMinutePerS: number;
  peakMinuteAt: number;
  peakSecondPerS: number;
  /** The coarsest of a second, a minute, a day that all times are whole numbers of, ms; 1 for none of them. */
  timeStepMs: number;
  /** Of the session index, and of all sums together, in the arrays that hold them. */
  indexBytesPerInteraction: number;
  sumsBytesPerInteraction: number;
  sumsBytes: number;
  /** A person's state packed, mean over a sample. */
  stateBytesPerUser: number;
  statesBytes: number;
  /** The process before it read anything, and the most it held until all was answered once. */
  baseBytes: number;
  peakBytes: number;
  /** CPU time of one thread, without doors. */
  answerCpuUs: number;
  answersPerSOfCore: number;
  learnCpuUs: number;
  learnedPerSOfCore: number;
  /** For the busiest minute, if every interaction asks for a list: without doors, and with `doorsFactor`. */
  coresAtPeak: number;
  coresAtPeakWithDoors: number;
}

export function machineOf(history: History, live: Live, baseBytes: number): Machine {
  const { count } = history;
  const { models } = live.serving;
  const minute = busiest(history, minuteMs);
  const sumsBytes = models.all().reduce((sum, { bytes }) => sum + bytes, 0);
  const stateBytesPerUser = stateBytes(history, live);
  const { answerCpuUs, learnCpuUs } = live;
  const peakMinutePerS = minute.count / 60;
  const coresAtPeak = (peakMinutePerS * (answerCpuUs + learnCpuUs)) / 1e6;
  return {
    meanPerS: (count * secondMs) / (history.at(count - 1) - history.at(0)),
    peakMinutePerS,
    peakMinuteAt: minute.at,
    peakSecondPerS: busiest(history, secondMs).count,
    timeStepMs: stepOf(history),
    indexBytesPerInteraction: models.sessions.bytes / Math.max(1, models.sessions.size),
    sumsBytesPerInteraction: sumsBytes / count,
    sumsBytes,
    stateBytesPerUser,
    statesBytes: stateBytesPerUser * history.userCount,
    baseBytes,
    peakBytes: process.resourceUsage().maxRSS * 1024,
    answerCpuUs,
    answersPerSOfCore: 1e6 / answerCpuUs,
    learnCpuUs,
    learnedPerSOfCore: 1e6 / learnCpuUs,
    coresAtPeak,
    coresAtPeakWithDoors: coresAtPeak * doorsFactor,
  };
}

/** The span of this length, begun at a whole multiple of it, that holds the most; rows are in the order of time. */
function busiest(history: History, spanMs: number): { at: number; count: number } {
  let best = { at: 0, count: 0 };
  let span = { at: 0, count: 0 };
  for (let row = 0; row < history.count; row++) {
    const at = Math.floor(history.at(row) / spanMs) * spanMs;
    if (at !== span.at) span = { at, count: 0 };
    span.count++;
    if (span.count > best.count) best = { ...span };
  }
  return best;
}

function stepOf(history: History): number {
  for (const step of [dayMs, minuteMs, secondMs]) {
    let row = 0;
    while (row < history.count && history.at(row) % step === 0) row++;
    if (row === history.count) return step;
  }
  return 1;
}

function stateBytes(history: History, { serving }: Live): number {
  const seen = new Set<number>();
  let bytes = 0;
  for (let row = history.count - 1; row >= 0 && seen.size < statesSampled; row--) {
    const user = history.user(row);
    if (seen.has(user)) continue;
    seen.add(user);
    bytes += encodeState(serving.state(user)!).length;
  }
  return bytes / seen.size;
}
