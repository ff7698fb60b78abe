/** Reports of the lab in words and tables. */
import type { Estimate } from "../../eval/off-policy/estimate.ts";
import { drawnMin, type PerAnswer, type SlotReport } from "../../eval/off-policy/slots.ts";
import { counted, grouped, print, table } from "../terminal.ts";
import type { LoggedAnswers } from "./logged-answers.ts";

export function figure(value: number): string {
  return value.toFixed(4);
}

export function plusMinus({ value, plusMinus: half }: PerAnswer): string {
  return `${figure(value)} +- ${figure(half)}`;
}

export function estimateTable(estimates: readonly Estimate[]): string {
  const between = (ends: [number, number] | undefined): string =>
    ends === undefined ? "" : ends.map(figure).join(" to ");
  return table(
    ["estimator", "estimate", "95 %, normal", "95 %, bootstrap"],
    estimates.map(({ estimator, value, normal, bootstrap }) => [
      estimator,
      figure(value),
      between(normal),
      between(bootstrap),
    ]),
  );
}

export function printAnswers(logged: LoggedAnswers, report: SlotReport): void {
  const { leftOut, decisions, replayed } = logged;
  const share = (count: number): string =>
    `${grouped(count)} (${((100 * count) / Math.max(1, report.shown)).toFixed(1)} %)`;
  const rows: [string, string][] = [
    ["answers logged", grouped(decisions)],
    ["  to strangers: what followed is unknown", grouped(leftOut.strangers)],
    ["  no slot reported as seen", grouped(leftOut.unseen)],
    ["  a list on screen was kept instead", grouped(leftOut.held)],
    ["  made by other code or documents", grouped(leftOut.differing)],
    ["  drawn from what is known otherwise since an erasure", grouped(leftOut.redrawn)],
    ["answers that count", `${grouped(report.answers)}, of ${people(report.people)}`],
    ["  bit for bit the same when replayed", grouped(replayed)],
    ["slots shown", grouped(report.shown)],
    ["  the same in both lists", share(report.agreeing)],
    ["  drawn by chance", share(report.drawn)],
  ];
  print(table(["", ""], rows).trimStart());
}

function people(count: number): string {
  return count === 1 ? "1 person" : `${grouped(count)} people`;
}

/** 1-based places as people say them: 1-2, 5. */
export function placesInWords(places: readonly number[]): string {
  const runs: [number, number][] = [];
  for (const place of places) {
    const last = runs.at(-1);
    if (last !== undefined && last[1] === place) last[1] = place + 1;
    else runs.push([place + 1, place + 1]);
  }
  return runs.map(([from, to]) => (from === to ? `${from}` : `${from}-${to}`)).join(", ");
}

/** Why there is no estimate, and what to change; undefined where there is one. */
export function refusalInWords(logged: LoggedAnswers, report: SlotReport): string | undefined {
  switch (report.refusal) {
    case undefined:
      return undefined;
    case "no answers":
      return noAnswers(logged);
    case "no exploration":
      return noExploration(report);
    case "target explores":
      return "the configuration asked about draws slots by chance itself, and only its best list can be weighed.";
    case "little support":
      return `${report.target?.refusal}. More explored answers, or a configuration nearer to the logged one, would do.`;
  }
}

function noAnswers({ decisions, leftOut }: LoggedAnswers): string {
  if (decisions === 0) return "no answer of this placement was logged. Serve some first.";
  if (leftOut.unseen > 0)
    return "nobody reported what was seen. Send the event `seen` with the decision's id and its slots.";
  return "none of the logged answers can be judged; the table says why.";
}

function noExploration({ drawn, shown, unsupported }: SlotReport): string {
  const places = `slots ${placesInWords(unsupported)} differ`;
  if (drawn === 0)
    return (
      `no exploration was logged: all ${grouped(shown)} slots have propensity 1, and ${places}. What an item ` +
      "would have earned where it was never shown is not in the log. Give the placement an exploration budget " +
      "(it draws once clients report what was seen), and ask again; or measure the change in an A/B test."
    );
  return (
    `${places}, and none of them was drawn ${drawnMin} times where the item asked about could have come (${counted(drawn, "drawn slot")} in ` +
    "all). Raise the share of explored slots, or wait for more answers."
  );
}
