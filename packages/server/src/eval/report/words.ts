/** Figures as a reader wants them: what was found, in sentences that say no more than the intervals allow. */
import type { Measured, Quality, ReportFigures } from "./report.ts";

/** What reading the file brought, beside the interactions themselves. */
export interface ReadingNotes {
  /** Meaning -> the file's own name of the column. */
  columns: Readonly<Record<string, string | undefined>>;
  rows: number;
  refused: number;
  refusals: readonly { line: number; reason: string }[];
  without: readonly { name: string; rows: number }[];
  withoutEffect: number;
  interactionsMax: number;
}

export function percent(value: number): string {
  return `${(value * 100).toFixed(1)} %`;
}

/** 34.1 % (33.0 to 35.2) */
export function share({ value, interval }: Measured): string {
  if (interval === undefined) return percent(value);
  const [low, high] = interval.map((end) => (end * 100).toFixed(1));
  return `${percent(value)} (${low} to ${high})`;
}

/** In points of hundred, with its sign. */
export function points({ value, interval }: Measured): string {
  const signed = (part: number): string =>
    `${part < 0 ? "-" : "+"}${Math.abs(part * 100).toFixed(1)}`;
  if (interval === undefined) return `${signed(value)} points`;
  return `${signed(value)} points (${signed(interval[0])} to ${signed(interval[1])})`;
}

export function grouped(count: number): string {
  return String(Math.round(count)).replace(/\B(?=(\d{3})+$)/g, ",");
}

/** 1,234, 12.3, 0.045 */
export function rate(value: number): string {
  return value >= 100 ? grouped(value) : value.toPrecision(2);
}

export function megabytes(bytes: number): string {
  return bytes >= 1e9 ? `${(bytes / 1e9).toFixed(1)} GB` : `${(bytes / 1e6).toFixed(1)} MB`;
}

/** 2026-06-01 10:00, UTC. */
export function moment(at: number): string {
  return new Date(at).toISOString().slice(0, 16).replace("T", " ");
}

export function lagName(lagMs: number): string {
  return lagMs < 86_400_000 ? "an hour" : "a day";
}

type Verdict = "more" | "less" | "unclear";

/** What an interval of a difference allows to be said. */
function verdictOf({ interval }: Measured): Verdict {
  if (interval === undefined) return "unclear";
  if (interval[0] > 0) return "more";
  return interval[1] < 0 ? "less" : "unclear";
}

/** The findings, in the order of their worth. */
export function summary(report: ReportFigures): string[] {
  const { quality, gains, k, tally, history } = report;
  const { attune, popular, lastItem } = quality;
  return [
    `Everything before ${moment(history.cutAt)} (UTC) was learned, and then ${grouped(tally.asked)} times it was asked ` +
      `what somebody would do next. The item that came was among Attune's ${k} in ${share(attune.hr)} of the cases. ` +
      `A list of the most popular items had it in ${share(popular.hr)}, the items most often seen together with the ` +
      `last one in ${share(lastItem.hr)}.`,
    comparison(gains.popular, "the most popular items"),
    comparison(gains.lastItem, "neighbours of the last item"),
    ...report.late.map((late) => lateness(late)),
    coldSentence(report),
    machineSentence(report),
  ];
}

function comparison(gain: Quality, other: string): string {
  const by = `${points(gain.hr)} of hit rate, ${points(gain.mrr)} of rank`;
  const [hits, ranks] = [verdictOf(gain.hr), verdictOf(gain.mrr)];
  if (hits === "more" && ranks === "more")
    return `On this file Attune is better than ${other}, beyond what chance explains: ${by}.`;
  if (hits === "less" && ranks === "less")
    return `On this file ${other} are better than Attune, beyond what chance explains: ${by}.`;
  if (hits === "unclear" && ranks === "unclear")
    return `Between Attune and ${other} this file cannot tell: ${by}, which chance may explain.`;
  return `Against ${other} the two figures do not agree: ${by}.`;
}

function lateness({ lagMs, sumsCost, listCost }: ReportFigures["late"][number]): string {
  const name = lagName(lagMs);
  return (
    `Being late by ${name}: if everybody else's clicks arrive ${name} late, and the person's own at once, what comes ` +
    `next is found ${lessOften(sumsCost.hr)}. In a list that was made ${name} ago, and knows nothing of what the person ` +
    `did since, it is found ${lessOften(listCost.hr)}.`
  );
}

/** A cost: how much more the same has on time. */
function lessOften(cost: Measured): string {
  const [by, than] = [Math.abs(cost.value * 100).toFixed(1), cost.value < 0 ? "more" : "less"];
  const ends = cost.interval?.map((end) => (end * 100).toFixed(1)).join(" to ");
  const said = `${by} points ${than} often${ends === undefined ? "" : ` (the cost: ${ends})`}`;
  return verdictOf(cost) === "unclear" ? `${said}, which chance may explain` : said;
}

function coldSentence({ cold: { share: part, cold, known }, k }: ReportFigures): string {
  if (known.attune.questions === 0) {
    return (
      "Every question is about somebody of whom nothing was known before the session: the file tells no person " +
      "from another over several sessions."
    );
  }
  if (cold.attune.questions === 0) return "Everybody asked about had a history before the session.";
  return (
    `In ${percent(part)} of the cases nothing was known of the person before the session. Attune's ${k} had the ` +
    `next item for them in ${share(cold.attune.hr)}, for people with a history in ${share(known.attune.hr)}.`
  );
}

function machineSentence({ machine }: ReportFigures): string {
  const cores = machine.coresAtPeakWithDoors;
  const needed = cores < 1 ? "less than one core" : `about ${Math.ceil(cores)} cores`;
  return (
    `At the busiest minute of the file (${rate(machine.peakMinutePerS)} interactions a second, each followed by a new ` +
    `list) that is, as an estimate, ${needed} like this machine's and at most ${megabytes(machine.peakBytes)} of memory.`
  );
}

/** What is not in the figures, each a sentence; never empty. */
export function leftOut(report: ReportFigures, notes: ReadingNotes): string[] {
  const { tally, history } = report;
  const said: string[] = [];
  if (notes.columns["user"] === undefined)
    said.push("The file names sessions and no people: each session counts as a person.");
  if (notes.refused > 0)
    said.push(`${grouped(notes.refused)} of ${grouped(notes.rows)} rows could not be read.`);
  if (notes.withoutEffect > 0)
    said.push(
      `${grouped(notes.withoutEffect)} rows name nothing that counts as an interaction with an item.`,
    );
  if (history.leftOut > 0)
    said.push(
      `${grouped(history.leftOut)} interactions before ${moment(history.from)} were left out: the newest ` +
        `${grouped(notes.interactionsMax)} are held (--interactions-max).`,
    );
  if (tally.notAsked > 0)
    said.push(
      `${grouped(tally.notAsked)} further questions were not asked (--questions-max); whom was decided by a hash of ` +
        `their name.`,
    );
  said.push(
    `After the cut ${grouped(tally.firsts)} interactions were a person's first, of whom nobody can know anything, ` +
      `${grouped(tally.repeats)} repeated the item that was open, and ${grouped(tally.refusals)} were skips or dislikes: ` +
      `learned, and not asked about.`,
  );
  return said;
}
