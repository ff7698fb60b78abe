/**
 * What is asked of a history: it is cut in time, and in its last part everything that somebody did next, who had
 * done something before, is a question. Nothing here knows how it will be answered.
 */
import { CodedError } from "@attune/protocol";
import { digestLanes, hashString } from "../../base/digest.ts";
import { foldLimits } from "../../core/fold/state.ts";
import type { History } from "./history.ts";

/** Share of the interactions, by time, that is learned before the first question. */
const learnedShare = 0.8;

export interface Question {
  /** The interaction to be foreseen. */
  row: number;
  user: number;
  /** The item that is open: the user's interaction before. */
  last: number;
  /** Asked when the interactions up to this row are known, at this time. */
  askedAfter: number;
  now: number;
  /** Nothing was known of the person before the session that they are in. */
  isCold: boolean;
}

export interface Questions {
  /** The first row that is not learned beforehand. */
  cut: number;
  /** By row: 1 where it opens a session. */
  opens: Uint8Array;
  /** In the order in which they are asked. */
  asked: Question[];
  tally: QuestionTally;
}

/** Of the interactions after the cut, all adding up. */
export interface QuestionTally {
  /** After the cut in all. */
  interactions: number;
  /** Questions that were asked, and questions that were left out beyond `questionsMax`. */
  asked: number;
  notAsked: number;
  /** A person's first: nothing is known, so nobody was asked. */
  firsts: number;
  /** The item that was open already, once more. */
  repeats: number;
  /** Skips and dislikes: nothing that one would want to foresee as a wish. */
  refusals: number;
  users: number;
}

/** What the walk keeps of a person. */
interface Trail {
  lastItem: number;
  lastRow: number;
  lastAt: number;
  session: number | undefined;
  /** Sessions so far, this one among them. */
  sessions: number;
}

export function questionsOf(history: History, questionsMax: number): Questions {
  const cut = cutOf(history);
  const trails = new Map<number, Trail>();
  const opens = new Uint8Array(history.count);
  const all: Question[] = [];
  const tally = { interactions: 0, asked: 0, notAsked: 0, firsts: 0, repeats: 0, refusals: 0 };
  for (let row = 0; row < history.count; row++) {
    const before = trails.get(history.user(row));
    const isNew = before === undefined || startsSession(history, row, before);
    opens[row] = isNew ? 1 : 0;
    if (row >= cut) {
      tally.interactions++;
      if (before === undefined) tally.firsts++;
      else if (history.strength(row) <= 0) tally.refusals++;
      else if (before.lastItem === history.item(row)) tally.repeats++;
      else all.push(questionOf(history, row, before, isNew));
    }
    trails.set(history.user(row), {
      lastItem: history.item(row),
      lastRow: row,
      lastAt: history.at(row),
      session: history.session(row),
      sessions: (before?.sessions ?? 0) + (isNew ? 1 : 0),
    });
  }
  const asked = sampled(history, all, questionsMax);
  if (asked.length === 0) throw nothingToAsk(tally);
  asked.sort((x, y) => x.askedAfter - y.askedAfter || x.now - y.now || x.row - y.row);
  tally.asked = asked.length;
  tally.notAsked = all.length - asked.length;
  const users = new Set(asked.map(({ user }) => user)).size;
  return { cut, opens, asked, tally: { ...tally, users } };
}

/** The first row of the last fifth; rows of one time are not torn apart. */
function cutOf(history: History): number {
  const { count } = history;
  if (count === 0 || history.at(0) === history.at(count - 1)) {
    throw new CodedError(
      "batch_invalid",
      "All interactions have the same time, so there is no earlier part to learn from. Give the column with the full time.",
    );
  }
  let cut = Math.floor(count * learnedShare);
  const edge = history.at(cut);
  while (cut > 0 && history.at(cut - 1) === edge) cut--;
  if (cut === 0) while (history.at(cut) === edge) cut++;
  return cut;
}

/** As the file says; where it says nothing, by the gap after which the fold opens the next session. */
function startsSession(history: History, row: number, before: Trail): boolean {
  const session = history.session(row);
  if (session !== undefined || before.session !== undefined) return session !== before.session;
  return history.at(row) - before.lastAt > foldLimits.sessionIdleMs;
}

/**
 * Inside a session the list stands on the screen right after the interaction before; who comes back is asked
 * about when they come.
 */
function questionOf(history: History, row: number, before: Trail, isNew: boolean): Question {
  return {
    row,
    user: history.user(row),
    last: before.lastItem,
    askedAfter: isNew ? row - 1 : before.lastRow,
    now: isNew ? history.at(row) : before.lastAt,
    isCold: !isNew && before.sessions === 1,
  };
}

const lanes = new Uint32Array(digestLanes);

/** Whole users, by the hash of their names, until there are questions enough. */
function sampled(history: History, all: readonly Question[], questionsMax: number): Question[] {
  if (all.length <= questionsMax) return [...all];
  const byUser = Map.groupBy(all, ({ user }) => user);
  const users = [...byUser].map(([user, questions]) => {
    hashString(history.userName(user), lanes, 0);
    return { draw: lanes[0]!, user, questions };
  });
  users.sort((x, y) => x.draw - y.draw || x.user - y.user);
  const asked: Question[] = [];
  for (const { questions } of users) {
    if (asked.length >= questionsMax) break;
    asked.push(...questions.slice(0, questionsMax - asked.length));
  }
  return asked;
}

function nothingToAsk({ firsts, repeats, refusals }: Omit<QuestionTally, "users">): CodedError {
  return new CodedError(
    "batch_invalid",
    `In the last fifth of the file nobody did a second thing to foresee (${firsts} first interactions of a person, ` +
      `${repeats} repeats of the item that was open, ${refusals} skips and dislikes). ` +
      "Is the right column the user, or the session? --user COLUMN and --session COLUMN choose others.",
  );
}
