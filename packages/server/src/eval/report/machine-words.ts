/** What it takes to run, in words: every figure with how it was come by. */
import { doorsFactor, type Machine } from "./machine.ts";
import { megabytes, moment, rate } from "./words.ts";

export type MachineRow = readonly [what: string, value: string, how: string];

export function machineRows(machine: Machine): MachineRow[] {
  const coarse = machine.timeStepMs >= 60_000;
  const peak = coarse
    ? "counted; the times of the file are too coarse for it, so take it as no more than a hint"
    : "counted in the file";
  return [
    ["interactions a second, mean", rate(machine.meanPerS), "counted in the file"],
    [
      "the same, busiest minute",
      rate(machine.peakMinutePerS),
      `${peak}: ${moment(machine.peakMinuteAt)} (UTC)`,
    ],
    ["the same, busiest second", rate(machine.peakSecondPerS), peak],
    [
      "session index, bytes an interaction",
      rate(machine.indexBytesPerInteraction),
      "measured: its arrays at the end, over what it holds; small files pay for their first pages",
    ],
    [
      "all sums, bytes an interaction",
      rate(machine.sumsBytesPerInteraction),
      `measured likewise, ${megabytes(machine.sumsBytes)} in all`,
    ],
    [
      "a person's state, packed",
      `${rate(machine.stateBytesPerUser)} bytes`,
      `measured on the newest 2,000 people at most; ${megabytes(machine.statesBytes)} for all, on disk`,
    ],
    [
      "memory",
      `at most ${megabytes(machine.peakBytes)}`,
      `measured: the most that this run held with everybody's state unpacked and the file itself; ${megabytes(machine.baseBytes)} of it before it began`,
    ],
    [
      "answers a second, one core",
      rate(machine.answersPerSOfCore),
      `measured: ${rate(machine.answerCpuUs)} us of CPU an answer, with its reasons, no doors`,
    ],
    [
      "interactions learned a second, one core",
      rate(machine.learnedPerSOfCore),
      `measured: ${rate(machine.learnCpuUs)} us of CPU each, fold and all sums, no log`,
    ],
    [
      "cores at the busiest minute",
      rate(machine.coresAtPeakWithDoors),
      `estimated: a new list after every interaction takes ${rate(machine.coresAtPeak)}, times ${doorsFactor} for HTTP, log and push`,
    ],
  ];
}
