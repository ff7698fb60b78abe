/**
 * The laws of the fold as properties that throw when they do not hold, over anything that folds like
 * `core/fold`: so the tests can show that a planted bug is caught, and by which law.
 */
import fc from "fast-check";
import type { Purpose } from "@attune/protocol";
import { expect } from "vitest";
import { type Applied, apply } from "../../src/core/fold/apply.ts";
import { decodeState, encodeState } from "../../src/core/fold/codec.ts";
import type { Contribution, SessionCell } from "../../src/core/fold/contribution.ts";
import { contributionsOf } from "../../src/core/fold/contributions.ts";
import { refold } from "../../src/core/fold/refold.ts";
import type { FoldLimits, UserState } from "../../src/core/fold/state.ts";
import type { FoldRecord } from "../../src/core/fold/fold-record.ts";
import { purposeBit } from "../../src/core/fold/consent.ts";
import { plainCells } from "./fold-reference.ts";
import { headerOf, isLong, smallLimits, userRecords } from "./generate.ts";

export interface Fold {
  apply: typeof apply;
  refold: typeof refold;
  contributionsOf: typeof contributionsOf;
}

export const realFold: Fold = { apply, refold, contributionsOf };

type Parameters = Pick<fc.Parameters, "numRuns" | "endOnFailure">;

export interface Law {
  name: string;
  check(fold: Fold, parameters?: Parameters): void;
}

const runs = { numRuns: isLong ? 2_000 : 200 };

/** The sum of cells by key; cells that reach zero are gone. */
type Cells = Map<string, number>;

function add(cells: Cells, contributions: readonly Contribution[], sign = 1): Cells {
  for (const contribution of contributions) {
    const { delta, ...key } = contribution;
    expect(Number.isSafeInteger(delta)).toBe(true);
    const name = JSON.stringify(key);
    const sum = (cells.get(name) ?? 0) + sign * delta;
    if (sum === 0) cells.delete(name);
    else cells.set(name, sum);
  }
  return cells;
}

/** States are compared as bytes: the order in which maps were filled is none of their content. */
function bytesOf(state: UserState | undefined): string {
  return state === undefined ? "" : Buffer.from(encodeState(state)).toString("hex");
}

/** A user followed step by step, as the engine does it. */
export class Live {
  state: UserState | undefined;
  readonly cells: Cells = new Map();
  readonly records: FoldRecord[] = [];
  refolds = 0;
  lates = 0;
  readonly #fold: Fold;
  readonly #limits: Readonly<FoldLimits>;

  constructor(fold: Fold, limits: Readonly<FoldLimits> = smallLimits) {
    this.#fold = fold;
    this.#limits = limits;
  }

  take(record: FoldRecord): Applied {
    this.records.push(record);
    const before = bytesOf(this.state);
    const applied = this.#fold.apply(this.state, record, this.#limits);
    if (applied.refold) {
      expect(bytesOf(this.state), "a step that asks for a refold changes nothing").toBe(before);
      this.refolds++;
      add(this.cells, this.contributions(), -1);
      this.state = this.#fold.refold(this.records, this.#limits);
      add(this.cells, this.contributions());
    } else {
      if (applied.late) {
        this.lates++;
        expect(bytesOf(applied.state), "a late event changes nothing").toBe(before);
      }
      this.state = applied.state;
      add(this.cells, applied.contributions);
    }
    return applied;
  }

  contributions(): Contribution[] {
    return this.state === undefined ? [] : this.#fold.contributionsOf(this.state, this.#limits);
  }
}

/** A state as plain values: how its lists are laid out is no part of it. */
function valuesOf(state: UserState) {
  const { ring, sessions, reactions } = state;
  return { ...state, ring: [...ring], sessions: [...sessions], reactions: new Map(reactions) };
}

function overUsers(check: (fold: Fold, records: readonly FoldRecord[]) => void): Law["check"] {
  return (fold, parameters = runs) => {
    fc.assert(
      fc.property(userRecords(), (records) => check(fold, records)),
      parameters,
    );
  };
}

export const laws: readonly Law[] = [
  {
    name: "live equals refold from scratch after every record",
    check: overUsers((fold, records) => {
      const live = new Live(fold);
      for (const record of records) {
        live.take(record);
        expect(bytesOf(live.state)).toBe(bytesOf(fold.refold(live.records, smallLimits)));
      }
    }),
  },
  {
    name: "what the steps emit adds up to C(state) after every record",
    check: overUsers((fold, records) => {
      const live = new Live(fold);
      for (const record of records) {
        live.take(record);
        expect(live.cells).toEqual(add(new Map(), live.contributions()));
        const keys = [...live.state!.sessions].map(({ keyHi, keyLo }) => `${keyHi}:${keyLo}`);
        expect(new Set(keys).size, "sessions have keys of their own").toBe(keys.length);
      }
    }),
  },
  {
    name: "subtracting C(state) leaves nothing",
    check: overUsers((fold, records) => {
      const live = new Live(fold);
      for (const record of records) live.take(record);
      add(live.cells, live.contributions(), -1);
      expect(live.cells.size).toBe(0);
    }),
  },
  {
    name: "decode(encode(x)) = x, and folds on as x does",
    check: overUsers((fold, records) => {
      const live = new Live(fold);
      const packed = new Live(fold);
      for (const record of records) {
        live.take(record);
        packed.take(record);
        if (packed.state === undefined) continue;
        const bytes = encodeState(packed.state);
        const decoded = decodeState(bytes);
        expect(valuesOf(decoded)).toEqual(valuesOf(packed.state));
        expect(bytesOf(decoded)).toBe(Buffer.from(bytes).toString("hex"));
        packed.state = decoded;
        expect(bytesOf(packed.state)).toBe(bytesOf(live.state));
      }
    }),
  },
  {
    name: "C(state) is what a plain reading of the records says",
    check: overUsers((fold, records) => {
      const calm = calmed(records);
      const state = fold.refold(calm, wideLimits);
      const cells = state === undefined ? [] : fold.contributionsOf(state, wideLimits);
      expect(add(new Map(), plain(cells))).toEqual(plainCells(calm, wideLimits));
    }),
  },
  {
    name: "times of arrival never count",
    check: overUsers((fold, records) => {
      const shifted = records.map(({ header, payload }, i) => ({
        header: { ...header, receivedAt: header.receivedAt + (i % 3) * 86_400_000 },
        payload,
      }));
      const [state, other] = [fold.refold(records, smallLimits), fold.refold(shifted, smallLimits)];
      expect(bytesOf(other)).toBe(bytesOf(state));
      if (state === undefined) return;
      const cells = add(new Map(), fold.contributionsOf(state, smallLimits));
      expect(add(new Map(), fold.contributionsOf(other!, smallLimits))).toEqual(cells);
    }),
  },
  {
    name: "the order of arrival does not matter where nothing is late",
    check: (fold, parameters = runs) => {
      fc.assert(
        fc.property(userRecords(), fc.infiniteStream(fc.nat()), (records, keys) => {
          const calm = calmed(records).filter(
            ({ header }, i, all) =>
              header.kind === "event" &&
              all.findIndex((each) => each.header.at === header.at) === i,
          );
          const shuffled = calm
            .map((record) => ({ record, key: keys.next().value! }))
            .sort((a, b) => a.key - b.key)
            .map(({ record }) => record);
          const live = new Live(fold, wideLimits);
          for (const record of shuffled) live.take(record);
          expect(bytesOf(live.state)).toBe(bytesOf(fold.refold(calm, wideLimits)));
        }),
        parameters,
      );
    },
  },
  {
    name: "a refusal leaves what a user has whose earlier records never had the purpose",
    check: (fold, parameters = runs) => {
      const purpose = fc.constantFrom<"analytics" | "personalization">(
        "analytics",
        "personalization",
      );
      fc.assert(
        fc.property(
          userRecords(),
          purpose,
          userRecords({ recordsMax: 8 }),
          (before, refused, after) => {
            const refusal = refusalAfter(before, refused);
            const mask = ~purposeBit(refused);
            const without = before.map(({ header, payload }) => ({
              header: { ...header, purposes: header.purposes & mask },
              payload,
            }));
            const live = new Live(fold);
            for (const record of [...before, refusal, ...after]) live.take(record);
            const state = fold.refold([...without, refusal, ...after], smallLimits);
            expect(bytesOf(live.state)).toBe(bytesOf(state));
            expect(live.cells).toEqual(add(new Map(), fold.contributionsOf(state!, smallLimits)));
          },
        ),
        parameters,
      );
    },
  },
  {
    name: "forgetting a part leaves what a user has who never did it",
    check: (fold, parameters = runs) => {
      fc.assert(
        fc.property(userRecords(), fc.infiniteStream(fc.boolean()), (records, keep) => {
          const rest = records.filter(() => keep.next().value);
          const [all, some] = [new Live(fold), new Live(fold)];
          for (const record of records) all.take(record);
          for (const record of rest) some.take(record);
          const cells = add(all.cells, all.contributions(), -1);
          const state = fold.refold(rest, smallLimits);
          if (state !== undefined) add(cells, fold.contributionsOf(state, smallLimits));
          expect(cells).toEqual(some.cells);
          expect(bytesOf(state)).toBe(bytesOf(some.state));
        }),
        parameters,
      );
    },
  },
  {
    name: "a session that started ends once, before the next one starts",
    check: overUsers((fold, records) => {
      const live = new Live(fold);
      let startedAt: number | undefined;
      for (const record of calmed(records)) {
        const { effects } = live.take(record);
        for (const effect of effects) {
          if (effect.type === "session.started") {
            expect(startedAt).toBe(undefined);
            startedAt = effect.at;
          } else if (effect.type === "session.ended") {
            expect(effect.startedAt).toBe(startedAt);
            startedAt = undefined;
          }
        }
        expect(startedAt !== undefined).toBe(live.state!.dueAt !== 0);
      }
    }),
  },
];

const wideLimits: Readonly<FoldLimits> = Object.freeze({ ...smallLimits, ...wide() });

function wide(): Partial<FoldLimits> {
  return { contributionsMax: 500, tasteItemsMax: 500, dislikesMax: 500, exposuresMax: 500 };
}

/** The interactions and ticks of a user who grants everything, in order of time, a tick after its equals. */
function calmed(records: readonly FoldRecord[]): FoldRecord[] {
  const isTick = ({ header }: FoldRecord) => header.kind === "tick";
  return records
    .filter((record) => isTick(record) || "strength" in record.payload)
    .map(({ header, payload }) => {
      const at = "dueAt" in payload ? payload.dueAt : header.at;
      return { header: { ...header, purposes: 3, at }, payload };
    })
    .sort((a, b) => a.header.at - b.header.at || Number(isTick(a)) - Number(isTick(b)));
}

function refusalAfter(records: readonly FoldRecord[], purpose: Purpose): FoldRecord {
  const header = records.at(-1)?.header ?? { receivedAt: 0 };
  const at = header.receivedAt;
  return {
    header: headerOf({ kind: "event", at, receivedAt: at }, records.length),
    payload: { type: "consent", purpose, choice: "withdrawn" },
  };
}

/** Cells as the plain reading has them: it does not hash the keys of sessions, and knows no decisions. */
function plain(cells: readonly Contribution[]): Contribution[] {
  return cells
    .filter(({ model }) => !["rewards", "audiences", "flow", "skips"].includes(model))
    .map((cell) => (cell.model === "sessions" ? withoutKey(cell) : cell));
}

function withoutKey({ keyHi: _hi, keyLo: _lo, ...rest }: SessionCell): Contribution {
  return rest as Contribution;
}
