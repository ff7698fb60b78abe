/**
 * A stranger's interactions in columns, in the order of time. Bounded: at most `interactionsMax` are held to the
 * end, the newest ones; what is older than all of them is let go of while the file is still read, and counted.
 */
import { type InteractionType, interactionTypes } from "@attune/protocol";
import { assert } from "../../base/assert.ts";

export interface Interaction {
  /** The person; where the file names none, the session. */
  user: string;
  /** As the file names it, within the user; absent where it does not. */
  session?: string | undefined;
  item: string;
  type: InteractionType;
  strength: number;
  /** ms. */
  at: number;
}

/** Rows that fit before the oldest are let go of, beside those that stay. */
const slackMin = 1_024;

class Names {
  texts: string[] = [];
  readonly #ids = new Map<string, number>();

  intern(text: string): number {
    const known = this.#ids.get(text);
    if (known !== undefined) return known;
    const id = this.texts.length;
    // A row's cells are slices that would keep the whole row.
    const own = Buffer.from(text, "utf8").toString("utf8");
    this.texts.push(own);
    this.#ids.set(own, id);
    return id;
  }
}

/** The columns run in parallel. `count` of them are in use. */
interface Columns {
  users: Uint32Array;
  sessions: Uint32Array;
  items: Uint32Array;
  /** Places in `interactionTypes`. */
  types: Uint8Array;
  strengths: Int16Array;
  at: Float64Array;
}

const noSession = 2 ** 32 - 1;

function columnsOf(length: number): Columns {
  return {
    users: new Uint32Array(length),
    sessions: new Uint32Array(length),
    items: new Uint32Array(length),
    types: new Uint8Array(length),
    strengths: new Int16Array(length),
    at: new Float64Array(length),
  };
}

export class History {
  readonly #max: number;
  #columns: Columns;
  #users = new Names();
  #sessions = new Names();
  #items = new Names();
  #count = 0;
  #isSorted = true;
  /** Interactions let go of: older than every one that is held. */
  leftOut = 0;

  constructor(interactionsMax: number) {
    assert(interactionsMax > 0, "something is held");
    this.#max = interactionsMax;
    this.#columns = columnsOf(slackMin);
  }

  get count(): number {
    return this.#count;
  }

  get userCount(): number {
    return this.#users.texts.length;
  }

  get itemCount(): number {
    return this.#items.texts.length;
  }

  add({ user, session, item, type, strength, at }: Interaction): void {
    if (this.#count === 2 * this.#max + slackMin) this.#keepNewest();
    if (this.#count === this.#columns.at.length) this.#grow();
    const row = this.#count++;
    const columns = this.#columns;
    columns.users[row] = this.#users.intern(user);
    columns.sessions[row] =
      session === undefined ? noSession : this.#sessions.intern(`${user}\n${session}`);
    columns.items[row] = this.#items.intern(item);
    columns.types[row] = interactionTypes.indexOf(type);
    columns.strengths[row] = strength;
    columns.at[row] = at;
    if (row > 0 && at < columns.at[row - 1]!) this.#isSorted = false;
  }

  /** To be called once, after the last one: brings them into the order of time, equal times as they came. */
  sort(): void {
    if (this.#count > this.#max || !this.#isSorted) this.#keepNewest();
  }

  user(row: number): number {
    return this.#columns.users[row]!;
  }

  /** Undefined where the file names none. */
  session(row: number): number | undefined {
    const session = this.#columns.sessions[row]!;
    return session === noSession ? undefined : session;
  }

  item(row: number): number {
    return this.#columns.items[row]!;
  }

  type(row: number): InteractionType {
    return interactionTypes[this.#columns.types[row]!]!;
  }

  strength(row: number): number {
    return this.#columns.strengths[row]!;
  }

  at(row: number): number {
    return this.#columns.at[row]!;
  }

  userName(user: number): string {
    return this.#users.texts[user]!;
  }

  itemName(item: number): string {
    return this.#items.texts[item]!;
  }

  #grow(): void {
    const grown = columnsOf(Math.min(this.#columns.at.length * 2, 2 * this.#max + slackMin));
    const old = this.#columns;
    grown.users.set(old.users);
    grown.sessions.set(old.sessions);
    grown.items.set(old.items);
    grown.types.set(old.types);
    grown.strengths.set(old.strengths);
    grown.at.set(old.at);
    this.#columns = grown;
  }

  /** Sorts by time, keeps the newest, and gives out ids anew, so that names of what is gone are gone too. */
  #keepNewest(): void {
    const old = this.#columns;
    const rows = Uint32Array.from({ length: this.#count }, (_, row) => row);
    rows.sort((x, y) => old.at[x]! - old.at[y]! || x - y);
    const kept = rows.subarray(Math.max(0, rows.length - this.#max));
    this.leftOut += rows.length - kept.length;
    const [users, sessions, items] = [this.#users, this.#sessions, this.#items];
    this.#users = new Names();
    this.#sessions = new Names();
    this.#items = new Names();
    const columns = columnsOf(old.at.length);
    kept.forEach((from, row) => {
      const session = old.sessions[from]!;
      columns.users[row] = this.#users.intern(users.texts[old.users[from]!]!);
      columns.sessions[row] =
        session === noSession ? noSession : this.#sessions.intern(sessions.texts[session]!);
      columns.items[row] = this.#items.intern(items.texts[old.items[from]!]!);
      columns.types[row] = old.types[from]!;
      columns.strengths[row] = old.strengths[from]!;
      columns.at[row] = old.at[from]!;
    });
    this.#columns = columns;
    this.#count = kept.length;
    this.#isSorted = true;
  }
}
