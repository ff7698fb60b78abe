/**
 * Asks every question of a history through the path that serves, once with all that had happened by then and
 * once for each lag with sums of which the last while is missing, and beside it the two baselines.
 */
import { foldLimits } from "../../core/fold/state.ts";
import type { ThetaView } from "../../core/rank/learned/theta.ts";
import type { FoldRecord } from "../../core/fold/apply.ts";
import { type EvalConfig, shippedConfig } from "../configuration.ts";
import { eventRecord, subjectOf } from "../record.ts";
import { Serving } from "../serving.ts";
import { LastItem, MostPopular } from "./baselines.ts";
import type { History } from "./history.ts";
import type { Question, Questions } from "./questions.ts";

/** Rows that the ranker learns from at most, by hash; every second interaction where there are fewer. */
const rankerRowsMax = 20_000;
const hourMs = 3_600_000;
/** Of interactions, to tell how far a run is. */
const toldEvery = 256;

export type Method = "attune" | "popular" | "lastItem";

/** By question: the place of what came next, from 1; 0 where the list does not hold it. */
export type Places = Uint16Array;

export interface Live {
  places: Record<Method, Places>;
  /** Distinct items of all lists. */
  listed: Record<Method, Set<string>>;
  /** Lists of the first questions, for people to look at. */
  examples: { question: Question; lists: Record<Method, string[]> }[];
  serving: Serving<number>;
  theta: ThetaView;
  /** CPU time of this thread, us: one answer, one interaction folded and summed. */
  answerCpuUs: number;
  learnCpuUs: number;
}

export interface Late {
  lagMs: number;
  /** What others did in the last while is missing, what the person did is there. */
  sums: Places;
  /** Made a while ago: what the person did since is missing as well. */
  list: Places;
}

type Tell = (done: number) => void;

/** Records are made when they are needed: all at once would be larger than the history. */
class Records {
  readonly #history: History;
  readonly #subjects = new Map<number, string>();

  constructor(history: History) {
    this.#history = history;
  }

  of(row: number): FoldRecord {
    const history = this.#history;
    const user = history.user(row);
    let subject = this.#subjects.get(user);
    if (subject === undefined) {
      subject = subjectOf(history.userName(user));
      this.#subjects.set(user, subject);
    }
    const payload = {
      type: history.type(row),
      item: history.itemName(history.item(row)),
      strength: history.strength(row),
    };
    return eventRecord(subject, payload, history.at(row), "report");
  }
}

function servingOf(settings: EvalConfig, k: number): Serving<number> {
  return new Serving({ settings, exclude: ["current"], limits: foldLimits, k });
}

function settingsFor(cut: number): EvalConfig {
  const { ranker } = shippedConfig;
  const rows = cut * (1 - ranker.from);
  const every = Math.max(ranker.every, Math.ceil(rows / rankerRowsMax));
  return { ...shippedConfig, ranker: { ...ranker, every } };
}

const examplesMax = 3;

export function answerLive(history: History, questions: Questions, k: number, tell: Tell): Live {
  const { cut, asked, opens } = questions;
  const settings = settingsFor(cut);
  const serving = servingOf(settings, k);
  const records = new Records(history);
  const popular = new MostPopular();
  const lastItem = new LastItem(new Set(asked.map(({ last }) => last)), popular);
  const run = new Listing(history, asked.length);
  const cpu = { answer: 0, learn: 0 };
  let theta: ThetaView | undefined;
  let next = 0;
  for (let row = 0; row < history.count; row++) {
    if (row % toldEvery === 0) tell(row);
    if (row === cut) theta = serving.solve();
    const user = history.user(row);
    const [item, at] = [history.item(row), history.at(row)];
    if (row >= cut * settings.ranker.from && row < cut && history.strength(row) > 0)
      serving.addRow(user, `${user}:${row}`, history.itemName(item), at);
    const record = records.of(row);
    cpu.learn += cpuUs(() => serving.learn(user, record, true));
    advance(serving, history, row);
    if (history.strength(row) > 0) {
      popular.add(item);
      lastItem.add(user, item, opens[row] === 1);
    } else if (opens[row] === 1) lastItem.open(user);
    for (; next < asked.length && asked[next]!.askedAfter === row; next++) {
      const question = asked[next]!;
      theta ??= serving.solve();
      const state = serving.state(question.user);
      let list: string[] = [];
      cpu.answer += cpuUs(() => {
        list = serving.answer(state, question.now, theta).map(({ item: name }) => name);
      });
      const names = (ids: readonly number[]): string[] => ids.map((id) => history.itemName(id));
      run.enter(next, question, {
        attune: list,
        popular: names(popular.list(k, (id) => id === question.last)),
        lastItem: names(lastItem.list(question.last, k)),
      });
    }
  }
  return {
    ...run.result,
    serving,
    theta: theta!,
    answerCpuUs: cpu.answer / asked.length,
    learnCpuUs: cpu.learn / history.count,
  };
}

/** Where things stand in the lists, what they hold, and the first few of them. */
class Listing {
  readonly #history: History;
  readonly result: Pick<Live, "places" | "listed" | "examples">;

  constructor(history: History, questions: number) {
    this.#history = history;
    const of = <T>(make: () => T): Record<Method, T> => ({
      attune: make(),
      popular: make(),
      lastItem: make(),
    });
    this.result = {
      places: of(() => new Uint16Array(questions)),
      listed: of(() => new Set<string>()),
      examples: [],
    };
  }

  enter(at: number, question: Question, lists: Record<Method, string[]>): void {
    const { places, listed, examples } = this.result;
    const target = this.#history.itemName(this.#history.item(question.row));
    for (const method of ["attune", "popular", "lastItem"] as const) {
      places[method][at] = lists[method].indexOf(target) + 1;
      for (const item of lists[method]) listed[method].add(item);
    }
    const isOthers = examples.every(({ question: { last } }) => last !== question.last);
    if (examples.length < examplesMax && isOthers) examples.push({ question, lists });
  }
}

/** The same questions on sums that end `lagMs` before each. The ranker's weights are those of the cut. */
export function answerLate(
  history: History,
  { cut, asked }: Questions,
  k: number,
  lagMs: number,
  theta: ThetaView,
  tell: Tell,
): Late {
  const settings = settingsFor(cut);
  const [behind, fresh] = [servingOf(settings, k), servingOf(settings, k)];
  const records = new Records(history);
  const late: Late = {
    lagMs,
    sums: new Uint16Array(asked.length),
    list: new Uint16Array(asked.length),
  };
  let known = 0;
  let next = 0;
  for (let row = 0; row < history.count && next < asked.length; row++) {
    if (row % toldEvery === 0) tell(row);
    fresh.learn(history.user(row), records.of(row), false);
    for (; next < asked.length && asked[next]!.askedAfter === row; next++) {
      const question = asked[next]!;
      const madeAt = question.now - lagMs;
      for (; known < history.count && history.at(known) <= madeAt; known++) {
        behind.learn(history.user(known), records.of(known), true);
        advance(behind, history, known);
      }
      const target = history.itemName(history.item(question.row));
      const place = (items: readonly { item: string }[]): number =>
        items.findIndex(({ item }) => item === target) + 1;
      const { user, now } = question;
      late.sums[next] = place(behind.answer(fresh.state(user), now, theta));
      late.list[next] = place(behind.answer(behind.state(user), Math.max(0, madeAt), theta));
    }
  }
  return late;
}

/** Windows move with the hours of the data, as clock records move them in a server. */
function advance(serving: Serving<number>, history: History, row: number): void {
  const hour = Math.floor(history.at(row) / hourMs);
  if (row === 0 || hour > Math.floor(history.at(row - 1) / hourMs)) serving.models.advance(hour);
}

function cpuUs(work: () => void): number {
  const before = process.threadCpuUsage();
  work();
  const { user, system } = process.threadCpuUsage(before);
  return user + system;
}
