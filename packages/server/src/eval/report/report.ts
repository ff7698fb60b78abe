/**
 * What a stranger's own interactions say: how often Attune would have had what came next among its items, beside
 * two plain methods, for whom, what being late costs, and what it takes to run. Every figure with its interval.
 */
import { type Interval, Spread } from "../spread.ts";
import {
  answerLate,
  answerLive,
  type Late,
  type Live,
  type Method,
  type Places,
} from "./answers.ts";
import type { History } from "./history.ts";
import { type Machine, machineOf } from "./machine.ts";
import { type Question, type Questions, questionsOf, type QuestionTally } from "./questions.ts";

export const methods = ["attune", "popular", "lastItem"] as const;
const dayMs = 86_400_000;
const lagsMs = [3_600_000, dayMs] as const;

export interface Measured {
  value: number;
  /** 95 %, over users; absent with fewer than two of them. */
  interval?: Interval | undefined;
}

/** Hit rate and mean reciprocal rank at `k`. */
export interface Quality {
  questions: number;
  hr: Measured;
  mrr: Measured;
}

export interface Lateness {
  lagMs: number;
  /** What others did in the last while is missing. */
  sums: Quality;
  /** What the person did in it is missing too: a list made that long ago. */
  list: Quality;
  /** All on time less late, question by question. */
  sumsCost: Quality;
  listCost: Quality;
}

export interface Example {
  last: string;
  next: string;
  lists: Record<Method, string[]>;
}

export interface ReportFigures {
  k: number;
  seed: number;
  history: {
    interactions: number;
    leftOut: number;
    users: number;
    items: number;
    sessions: number;
    from: number;
    to: number;
    /** When the part begins that is asked about. */
    cutAt: number;
  };
  tally: QuestionTally;
  quality: Record<Method, Quality>;
  /** Attune less the other, question by question. */
  gains: Record<Exclude<Method, "attune">, Quality>;
  /** Share of the items of the history that some list held. */
  coverage: Record<Method, number>;
  /** Share of the questions; by method for people without a history before the session, and for the others. */
  cold: { share: number; cold: Record<Method, Quality>; known: Record<Method, Quality> };
  late: Lateness[];
  rankerRows: number;
  machine: Machine;
  examples: Example[];
}

export interface ReportOptions {
  k?: number | undefined;
  seed?: number | undefined;
  questionsMax?: number | undefined;
  /** Resident bytes of the process before the file was read. */
  baseBytes: number;
  onProgress?: ((done: number, total: number) => void) | undefined;
}

export const questionsMaxDefault = 5_000;

export function reportOn(history: History, options: ReportOptions): ReportFigures {
  const { k = 20, seed = 1, questionsMax = questionsMaxDefault, baseBytes } = options;
  const questions = questionsOf(history, questionsMax);
  const passes = 1 + lagsMs.length;
  const tellOf = (pass: number) => (done: number) =>
    options.onProgress?.(pass * history.count + done, passes * history.count);
  const { machine, rankerRows, theta, ...live } = onTime(
    history,
    questions,
    k,
    baseBytes,
    tellOf(0),
  );
  const late = lagsMs.map((lagMs, at) =>
    answerLate(history, questions, k, lagMs, theta, tellOf(at + 1)),
  );
  const { asked } = questions;
  const judge = (places: Places, isMeant?: (question: Question) => boolean): Quality =>
    qualityOf(asked, seed, (at) => placeValues(places[at]!), isMeant);
  const byMethod = <T>(of: (method: Method) => T): Record<Method, T> => ({
    attune: of("attune"),
    popular: of("popular"),
    lastItem: of("lastItem"),
  });
  const { places } = live;
  const better = (one: Places, other: Places): Quality =>
    qualityOf(asked, seed, (at) => difference(one[at]!, other[at]!));
  return {
    k,
    seed,
    history: summaryOf(history, questions),
    tally: questions.tally,
    quality: byMethod((method) => judge(places[method])),
    gains: {
      popular: better(places.attune, places.popular),
      lastItem: better(places.attune, places.lastItem),
    },
    coverage: byMethod((method) => live.listed[method].size / history.itemCount),
    cold: {
      share: asked.filter(({ isCold }) => isCold).length / asked.length,
      cold: byMethod((method) => judge(places[method], ({ isCold }) => isCold)),
      known: byMethod((method) => judge(places[method], ({ isCold }) => !isCold)),
    },
    late: late.map((one) => latenessOf(one, places.attune, judge, better)),
    rankerRows,
    machine,
    examples: examplesOf(history, live),
  };
}

/** The sums and states of this pass go with it: the late ones make their own. */
function onTime(
  history: History,
  questions: Questions,
  k: number,
  baseBytes: number,
  tell: (done: number) => void,
): Omit<Live, "serving"> & { machine: Machine; rankerRows: number } {
  const live = answerLive(history, questions, k, tell);
  const { serving, ...rest } = live;
  // Here and not at the end: two sets of states, as the late passes have, no server would hold.
  const machine = machineOf(history, live, baseBytes);
  return { ...rest, machine, rankerRows: serving.rankerRows };
}

function latenessOf(
  { lagMs, sums, list }: Late,
  onTime: Places,
  judge: (places: Places) => Quality,
  better: (one: Places, other: Places) => Quality,
): Lateness {
  return {
    lagMs,
    sums: judge(sums),
    list: judge(list),
    sumsCost: better(onTime, sums),
    listCost: better(onTime, list),
  };
}

type Values = readonly [hit: number, reciprocal: number];

function placeValues(place: number): Values {
  return place === 0 ? [0, 0] : [1, 1 / place];
}

function difference(one: number, other: number): Values {
  const [hit, reciprocal] = placeValues(one);
  const [otherHit, otherReciprocal] = placeValues(other);
  return [hit - otherHit, reciprocal - otherReciprocal];
}

function qualityOf(
  asked: readonly Question[],
  seed: number,
  valuesOf: (at: number) => Values,
  isMeant: (question: Question) => boolean = () => true,
): Quality {
  const spread = new Spread(2);
  let questions = 0;
  asked.forEach((question, at) => {
    if (!isMeant(question)) return;
    questions++;
    spread.add(question.user, valuesOf(at));
  });
  if (questions === 0) return { questions, hr: { value: 0 }, mrr: { value: 0 } };
  const [hr, mrr] = spread.means();
  const [ofHr, ofMrr] = spread.intervals(seed);
  return { questions, hr: { value: hr!, interval: ofHr }, mrr: { value: mrr!, interval: ofMrr } };
}

function summaryOf(history: History, { cut, opens }: Questions): ReportFigures["history"] {
  return {
    interactions: history.count,
    leftOut: history.leftOut,
    users: history.userCount,
    items: history.itemCount,
    sessions: opens.reduce((sum, one) => sum + one, 0),
    from: history.at(0),
    to: history.at(history.count - 1),
    cutAt: history.at(cut),
  };
}

/** Items alone: whose they are, nobody reads. */
function examplesOf(history: History, { examples }: Pick<Live, "examples">): Example[] {
  return examples.map(({ question, lists }) => ({
    last: history.itemName(question.last),
    next: history.itemName(history.item(question.row)),
    lists,
  }));
}
