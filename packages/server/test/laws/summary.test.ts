/** Every summary keeps the laws; and the laws catch the bugs that are planted here. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { ByteReader, ByteWriter } from "../../src/base/bytes.ts";
import { digestLanes, hashString, MultisetDigest } from "../../src/base/digest.ts";
import {
  type CooccurrenceCell,
  type PopularityCell,
  type RankerCell,
  rankerHeads,
  type RewardCell,
  rewardOutcomes,
  rewardSlices,
  type SessionCell,
} from "../../src/core/fold/contribution.ts";
import { Cooccurrence } from "../../src/core/sum/cooccurrence.ts";
import { Items } from "../../src/core/sum/items.ts";
import { bucketOf, Popularity } from "../../src/core/sum/popularity.ts";
import { RankerSum } from "../../src/core/sum/ranker.ts";
import { Rewards } from "../../src/core/sum/rewards.ts";
import { SessionIndex } from "../../src/core/sum/session-index.ts";
import type { Summary } from "../../src/core/sum/summary.ts";
import { equationsOf, rankerCell } from "./ranker-cells.ts";
import { content, fails, type Law, lawsOf, runs, type Subject } from "./summary.ts";

// Few keys, so that cells meet; some beside ASCII, for the order is that of code units.
const key = fc.constantFrom("a", "b", "c", "ab", "é", "z\u{1F3B5}", "\uFF5E", "");
const delta = fc.constantFrom(1, 1, -1, 2, 7, -3);

const pairCell: fc.Arbitrary<CooccurrenceCell> = fc.tuple(key, key, delta).map(([x, y, count]) => ({
  model: "cooccurrence",
  a: x < y ? x : y,
  b: x < y ? y : x,
  delta: count,
}));

const hour = fc.oneof(fc.integer({ min: 0, max: 300 }), fc.integer({ min: 0, max: 4000 }));
const popularityCell: fc.Arbitrary<PopularityCell> = fc.record({
  model: fc.constant("popularity" as const),
  dimension: fc.constantFrom("all", "device:phone", "region:a"),
  item: key,
  hour,
  delta,
});

const rewardCell: fc.Arbitrary<RewardCell> = fc.record({
  model: fc.constant("rewards" as const),
  placement: fc.constantFrom("up-next", "a"),
  item: key,
  outcome: fc.constantFrom(...rewardOutcomes),
  slice: fc.constantFrom(0, 1, rewardSlices - 1),
  day: fc.constantFrom(0, 1, 20_000),
  delta,
});

/** Places that follow and that don't, minutes that rise and that don't, keys that share a half. */
const sessionCell: fc.Arbitrary<SessionCell> = fc.record({
  model: fc.constant("sessions" as const),
  keyHi: fc.constantFrom(1, 0xffffffff),
  keyLo: fc.constantFrom(0, 1),
  index: fc.nat(3),
  item: key,
  minute: fc.constantFrom(29_000_000, 29_000_001, 29_000_002, 29_100_000),
  delta: fc.constantFrom(1, 1, 1, -1, 2),
});

/** A session as fold adds it. */
const sessionGroup: fc.Arbitrary<SessionCell[]> = fc
  .tuple(fc.nat(6), fc.array(key, { minLength: 1, maxLength: 6 }))
  .map(([keyLo, items]) =>
    items.map((item, index) => ({
      model: "sessions" as const,
      keyHi: 7,
      keyLo,
      index,
      item,
      minute: 29_000_000 + keyLo * 3 + index,
      delta: 1,
    })),
  );

const single = <C>(cell: fc.Arbitrary<C>): fc.Arbitrary<C[]> => cell.map((one) => [one]);

const cooccurrence: Subject<CooccurrenceCell> = {
  name: "cooccurrence",
  make: () => new Cooccurrence(new Items()),
  decode: (bytes) => Cooccurrence.decode(bytes, new Items()),
  group: single(pairCell),
};

const rewards: Subject<RewardCell> = {
  name: "rewards",
  make: () => new Rewards(new Items()),
  decode: (bytes) => Rewards.decode(bytes, new Items()),
  group: single(rewardCell),
};

const ranker: Subject<RankerCell> = {
  name: "ranker",
  make: () => new RankerSum(new Items()),
  decode: (bytes) => RankerSum.decode(bytes, new Items()),
  group: single(rankerCell),
};

const popularity: Subject<PopularityCell> = {
  name: "popularity",
  make: () => new Popularity(new Items()),
  decode: (bytes) => Popularity.decode(bytes, new Items()),
  group: single(popularityCell),
};

const sessions: Subject<SessionCell> = {
  name: "sessions",
  make: () => new SessionIndex(new Items()),
  decode: (bytes) => SessionIndex.decode(bytes, new Items()),
  group: single(sessionCell),
};

function suite(name: string, laws: readonly Law[]): void {
  describe(`the laws of ${name}`, () => {
    for (const law of laws) test(`${law.name}`, () => law.check());
  });
}

suite("sessions, cell by cell", lawsOf(sessions));
suite("sessions as they are", lawsOf({ ...sessions, group: sessionGroup }));
suite("co-occurrence", lawsOf(cooccurrence));
suite("rewards", lawsOf(rewards));
suite("ranker", lawsOf(ranker));
suite("popularity", lawsOf(popularity));

test("the cells of the ranker are those of its definition", () => {
  fc.assert(
    fc.property(fc.array(rankerCell, { maxLength: 6 }), (cells) => {
      const sum = new RankerSum(new Items());
      for (const cell of cells) sum.add(cell);
      for (const placement of ["up-next", "a"]) {
        for (const version of [1, 2]) {
          for (const head of rankerHeads) {
            const own = cells.filter(
              ({ placement: where, row, shown }) =>
                where === placement && row[0] === version && (shown?.head ?? "take") === head,
            );
            const system = sum.system(placement, version, head);
            if (system === undefined) expect(own).toEqual([]);
            else expect([...system]).toEqual(equationsOf(own));
          }
        }
      }
    }),
    { numRuns: 40 },
  );
});

/** Laws of the clock, beside those of every summary. */
function clockLaws(make: () => Popularity): Law[] {
  type Move = { cell: PopularityCell; sign: 1 | -1 } | { clock: number };
  const change = fc.record({ cell: popularityCell, sign: fc.constantFrom<1 | -1>(1, -1) });
  const move: fc.Arbitrary<Move> = fc.oneof(
    { weight: 3, arbitrary: change },
    { weight: 1, arbitrary: fc.record({ clock: hour }) },
  );
  const moves = fc.array(move, { maxLength: 24 });
  const play = (list: readonly Move[]): Popularity => {
    const sum = make();
    for (const one of list) {
      if ("clock" in one) sum.advance(one.clock);
      else if (one.sign === 1) sum.add(one.cell);
      else sum.subtract(one.cell);
    }
    return sum;
  };
  return [
    {
      name: "advance then add is add then advance, in any order and any number of steps",
      check: () =>
        fc.assert(
          fc.property(moves, (list) => {
            const clock = Math.max(0, ...list.map((one) => ("clock" in one ? one.clock : 0)));
            const cells = list.filter((one) => !("clock" in one));
            const wanted = content(play([...cells, { clock }]));
            expect(content(play(list))).toEqual(wanted);
            expect(content(play([{ clock }, ...cells]))).toEqual(wanted);
            expect(play(list).clockHour).toBe(clock);
          }),
          { ...runs, numRuns: runs.numRuns * 3 },
        ),
    },
    {
      name: "what was added before the clock moved is taken back after it",
      check: () =>
        fc.assert(
          fc.property(fc.array(popularityCell), fc.array(hour), (cells, clocks) => {
            const sum = make();
            for (const cell of cells) sum.add(cell);
            for (const clock of clocks) sum.advance(clock);
            for (const cell of cells) sum.subtract(cell);
            const empty = make();
            empty.advance(Math.max(0, ...clocks));
            expect(content(sum)).toEqual(content(empty));
          }),
          runs,
        ),
    },
    {
      name: "parts whose clocks differ merge to the whole",
      check: () =>
        fc.assert(
          fc.property(moves, moves, (list, other) => {
            const sum = play(list);
            sum.merge(play(other));
            expect(content(sum)).toEqual(content(play([...list, ...other])));
          }),
          runs,
        ),
    },
  ];
}

suite(
  "popularity and the clock",
  clockLaws(() => new Popularity(new Items())),
);

test("a bucket is an hour for 72 h, a day for 60 days, then a week, by the clock alone", () => {
  const now = 24 * 1_000 + 5;
  const kinds = (hours: number): string => {
    const bucket = bucketOf(now - hours, now);
    return bucket >= 2 ** 29 ? "week" : bucket >= 2 ** 28 ? "day" : "hour";
  };
  expect([kinds(-500), kinds(0), kinds(71), kinds(72)]).toEqual(["hour", "hour", "hour", "day"]);
  expect([kinds(24 * 59 + 5), kinds(24 * 59 + 6)]).toEqual(["day", "week"]);
});

/** A summary as it is in the book, with a map; the seams are where the bugs below are planted. */
class MapSum implements Summary<CooccurrenceCell> {
  readonly model = "cooccurrence";
  readonly cells = new Map<string, number>();
  readonly running = new MultisetDigest();

  get size(): number {
    return this.cells.size;
  }

  get bytes(): number {
    return 0;
  }

  add({ a, b, delta: count }: CooccurrenceCell): void {
    this.change(`${a} ${b}`, count);
  }

  subtract({ a, b, delta: count }: CooccurrenceCell): void {
    this.change(`${a} ${b}`, -count);
  }

  merge(other: this): void {
    for (const [name, count] of other.cells) this.change(name, count);
  }

  change(name: string, by: number): void {
    const sum = (this.cells.get(name) ?? 0) + by;
    if (this.isGone(sum)) this.cells.delete(name);
    else this.cells.set(name, sum);
    const lanes = new Uint32Array(digestLanes);
    hashString(name, lanes, 0);
    this.running.change(lanes, 0, 0, 0, 0, by);
  }

  isGone(sum: number): boolean {
    return sum === 0;
  }

  ordered(): [string, number][] {
    return [...this.cells].toSorted(([x], [y]) => (x < y ? -1 : 1));
  }

  encode(): Uint8Array {
    const writer = new ByteWriter();
    for (const [name, count] of this.ordered()) {
      writer.text(name);
      writer.f64(count);
    }
    return writer.finish();
  }

  digest(): string {
    return this.running.hex();
  }
}

class KeepsZeros extends MapSum {
  override isGone(): boolean {
    return false;
  }
}

class InsertionOrder extends MapSum {
  override ordered(): [string, number][] {
    return [...this.cells];
  }
}

class FloatCounter extends MapSum {
  override change(name: string, by: number): void {
    super.change(name, by * 0.1);
  }
}

class FloorsAtZero extends MapSum {
  override change(name: string, by: number): void {
    if ((this.cells.get(name) ?? 0) + by >= 0) super.change(name, by);
  }
}

class CapsKeys extends MapSum {
  override change(name: string, by: number): void {
    if (this.cells.size < 1 || this.cells.has(name)) super.change(name, by);
  }
}

class NoDigestInMerge extends MapSum {
  override merge(other: this): void {
    for (const [name, count] of other.cells) {
      const sum = (this.cells.get(name) ?? 0) + count;
      if (sum === 0) this.cells.delete(name);
      else this.cells.set(name, sum);
    }
  }
}

class ForgetsSign extends MapSum {
  override subtract({ a, b, delta: count }: CooccurrenceCell): void {
    this.change(`${a} ${b}`, -Math.abs(count));
  }
}

class KeepsNothing extends MapSum {
  override change(): void {
    // Every law of a group holds on nothing at all.
  }
}

function mapSubject(make: () => MapSum): Subject<CooccurrenceCell> {
  const decode = (bytes: Uint8Array): MapSum => {
    const sum = make();
    const reader = new ByteReader(bytes);
    while (reader.left > 0) MapSum.prototype.change.call(sum, reader.text(), reader.f64());
    return sum;
  };
  // Fewer keys still, so that every bug shows within the runs of the short suite.
  const few = pairCell.map((cell) => ({ ...cell, a: cell.a < "b" ? "a" : "b", b: "b" }));
  return { name: "map", make, decode, group: single(few) };
}

describe("planted bugs", () => {
  test("the sound map sum, from which the bugs are made, keeps every law", () => {
    for (const law of lawsOf(mapSubject(() => new MapSum()))) law.check();
  });

  const caught = (laws: readonly Law[]): string[] =>
    laws.filter((law) => fails(law)).map((law) => law.name.split(",")[0]!.split(":")[0]!);

  const plants: [string, () => MapSum, string][] = [
    [
      "a cell left at zero",
      () => new KeepsZeros(),
      "what is added and taken back leaves the bytes as they were",
    ],
    [
      "an encoding in order of arrival",
      () => new InsertionOrder(),
      "the order of adds and subtracts leaves no trace",
    ],
    [
      "a float counter",
      () => new FloatCounter(),
      "the order of adds and subtracts leaves no trace",
    ],
    [
      "a count that stops at zero",
      () => new FloorsAtZero(),
      "the order of adds and subtracts leaves no trace",
    ],
    [
      "a cap inside the sum",
      () => new CapsKeys(),
      "the order of adds and subtracts leaves no trace",
    ],
    ["a merge that forgets the digest", () => new NoDigestInMerge(), "parts merge to the whole"],
    [
      "a subtract that loses a sign",
      () => new ForgetsSign(),
      "what is added and taken back leaves the bytes as they were",
    ],
    ["a sum that keeps nothing", () => new KeepsNothing(), "something added is something kept"],
  ];
  for (const [bug, make, law] of plants) {
    test(`${bug} is caught`, () => expect(caught(lawsOf(mapSubject(make)))).toContain(law));
  }

  test("a subtract that forgets one bucket is caught", () => {
    class ForgetsBucket extends Popularity {
      override subtract(cell: PopularityCell): void {
        if (cell.hour !== 7) super.subtract(cell);
      }
    }
    const bug = {
      ...popularity,
      make: () => new ForgetsBucket(new Items()),
      group: single(popularityCell.map((cell) => ({ ...cell, hour: cell.hour % 12 }))),
    };
    expect(caught(lawsOf(bug))).toContain(
      "what is added and taken back leaves the bytes as they were",
    );
  });

  test("a clock that leaves buckets behind is caught", () => {
    class Sleeps extends Popularity {
      override advance(clockHour: number): void {
        if (clockHour - this.clockHour > 100) super.advance(clockHour);
      }
    }
    expect(caught(clockLaws(() => new Sleeps(new Items())))).toContain(
      "advance then add is add then advance",
    );
  });

  test("a clock that an event can move is caught", () => {
    class Moved extends Popularity {
      override add(cell: PopularityCell): void {
        this.advance(cell.hour);
        super.add(cell);
      }
    }
    expect(caught(clockLaws(() => new Moved(new Items())))).toContain(
      "advance then add is add then advance",
    );
  });

  test("late additions that go to the bucket of the hour after it was merged up are caught", () => {
    class AddsLate extends Popularity {
      override add(cell: PopularityCell): void {
        const late = new Popularity(new Items());
        late.add(cell);
        if (this.clockHour - cell.hour < 72) this.merge(late);
        else super.add({ ...cell, hour: cell.hour + 24 });
      }
    }
    expect(caught(clockLaws(() => new AddsLate(new Items())))).toContain(
      "advance then add is add then advance",
    );
  });
});
