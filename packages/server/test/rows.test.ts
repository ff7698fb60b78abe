/**
 * The built-in rows over a small crowd with two tastes: what each is made of, what moves it and what does not.
 * An edition is asked for again and again through its week, with and without acts of its listener.
 */
import type { RecommendationRequest, RecommendedItem } from "@attune/protocol";
import { describe, expect, test } from "vitest";
import { Prng } from "../src/base/prng.ts";
import { Catalogue } from "../src/core/rank/catalogue.ts";
import { editionAt } from "../src/core/rank/source/edition/calendar.ts";
import { builtInDefinitions, defined } from "../src/core/rank/placement.ts";
import { Ranker } from "../src/core/rank/recommend.ts";
import { type Act, permit, startMs, type World, worldOf } from "./laws/rank-world.ts";

const dayMs = 86_400_000;
const dayMinutes = 1_440;
const me = 0;

const listOf = (kind: string, count: number): string[] =>
  Array.from({ length: count }, (_, i) => `${kind}${String(i).padStart(2, "0")}`);
const genres = { rock: listOf("rock", 60), jazz: listOf("jazz", 60) };
const hits = [listOf("hit", 15), listOf("smash", 15)];

/** Sittings of a crowd on each day from `from` to before `to` (days since the start of the world). */
function crowd(from: number, to: number, seed: number): Act[] {
  const prng = new Prng(seed);
  const acts: Act[] = [];
  for (let day = from; day < to; day++) {
    for (let sitting = 0; sitting < 14; sitting++) {
      const user = prng.between(1, 80);
      const own = user % 2 === 0 ? genres.rock : genres.jazz;
      const minute = day * dayMinutes + prng.between(0, dayMinutes - 60);
      for (let i = 0; i < 7; i++)
        acts.push({ user, item: prng.pick(own), type: "play", minute: minute + i });
      // Of a week's hits one is in everybody's ears.
      if (day < -8) continue;
      const hit = prng.pick(hits[day < 0 ? 0 : 1]!);
      acts.push({ user, item: hit, type: "play", minute: minute + 8, device: "phone" });
    }
  }
  return acts;
}

/** The world begins on a Monday. */
const monday = 0;
const own = (items: readonly string[], day: number, type: Act["type"] = "play"): Act[] =>
  items.map((item, i) => ({ user: me, item, type, minute: day * dayMinutes + 600 + i }));
const before = [
  ...crowd(-36, monday, 5),
  ...own(genres.rock.slice(0, 6), monday - 3),
  ...own(genres.rock.slice(6, 9), monday - 1, "like"),
];
const during = crowd(monday, monday + 7, 6);

function worldAt(acts: readonly Act[], day: number): World {
  const at = startMs + day * dayMs;
  const past = acts
    .filter(({ minute }) => startMs + minute * 60_000 <= at)
    .toSorted((x, y) => x.minute - y.minute);
  return worldOf(past, undefined, at);
}

function answer(
  acts: readonly Act[],
  day: number,
  request: Partial<RecommendationRequest> & { placement: string },
  { user = me as number | null, items = Catalogue.empty, definitions = builtInDefinitions } = {},
): readonly RecommendedItem[] {
  const { models, states } = worldAt(acts, day);
  const state = user === null ? undefined : states.get(user);
  const asked = { limit: 30, now: startMs + day * dayMs, ...request };
  return new Ranker().recommend(permit(state), state, models, items, definitions, asked).items;
}
const ids = (list: readonly RecommendedItem[]): string[] => list.map(({ item }) => item);
/** Items that a source has a share in. */
const led = (list: readonly RecommendedItem[], source: string): RecommendedItem[] =>
  list.filter(({ reasons }) => reasons.some((reason) => reason.source === source));

describe("discover-weekly", () => {
  const weekly = (acts: readonly Act[], day: number, more = {}): readonly RecommendedItem[] =>
    answer(acts, day, { placement: "discover-weekly" }, more);
  const everything = [...before, ...during];

  test("is 30 tracks nobody has played to the listener yet: own taste, mixed with what rises", () => {
    const list = weekly(everything, monday + 1);
    expect(list).toHaveLength(30);
    const known = new Set(everything.filter(({ user }) => user === me).map(({ item }) => item));
    expect(ids(list).filter((item) => known.has(item))).toEqual([]);
    const [taste, rising] = [led(list, "weekly"), led(list, "rising")];
    expect(taste.length).toBeGreaterThanOrEqual(15);
    expect(rising.length).toBeGreaterThanOrEqual(8);
    expect(new Set([...taste, ...rising]).size).toBe(30);
    // Own taste is rock, and says through which track; what rises is the hits of the week before.
    for (const { item, reasons } of taste) {
      expect(item).toMatch(/^(rock|hit)/);
      expect(reasons.some(({ because }) => because !== undefined && known.has(because))).toBe(true);
    }
    expect(rising.filter(({ item }) => item.startsWith("hit")).length).toBeGreaterThanOrEqual(8);
    // Taken in turns: what rises is not all at the end.
    expect(led(list.slice(0, 9), "rising").length).toBeGreaterThanOrEqual(3);
  });

  test("stays as it is all through its week, whatever others do", () => {
    const list = weekly(everything, monday);
    for (let day = monday + 1; day < monday + 7; day++) {
      expect(weekly(everything, day + 0.99)).toEqual(list);
    }
  });

  test("what is disliked, skipped or played leaves at once, and nothing else moves", () => {
    const list = ids(weekly(everything, monday + 2));
    for (const type of ["dislike", "skip", "play"] as const) {
      const left = list[4]!;
      const after = ids(weekly([...everything, ...own([left], monday + 2, type)], monday + 3));
      expect(after).toHaveLength(30);
      expect(after.slice(0, 29)).toEqual(list.filter((item) => item !== left));
    }
  });

  test("a disliked track no longer speaks for others", () => {
    const liked = genres.rock.slice(0, 9);
    const acts = [...everything, ...own(liked, monday + 2, "dislike")];
    expect(led(weekly(acts, monday + 3), "weekly")).toEqual([]);
  });

  test("is another list on its day, and not before", () => {
    const old = ids(weekly(everything, monday + 6.99));
    const fresh = ids(weekly(everything, monday + 7));
    expect(fresh).toHaveLength(30);
    expect(fresh.filter((item) => !old.includes(item)).length).toBeGreaterThanOrEqual(8);
    expect(fresh.filter((item) => item.startsWith("smash")).length).toBeGreaterThanOrEqual(8);
  });

  test("its day is the tenant's: a placement document says which", () => {
    const { "discover-weekly": builtIn } = builtInDefinitions.placements;
    const document = { kind: "placement", ...builtIn, editionDay: 4 };
    const definitions = defined(builtInDefinitions, document);
    const on = (day: number) => ids(weekly(everything, day, { definitions }));
    expect(on(monday + 2.99)).toEqual(on(monday));
    expect(on(monday + 3)).not.toEqual(on(monday));
    expect(on(monday + 7)).toEqual(on(monday + 3));
    expect(() => defined(builtInDefinitions, { ...document, editionDay: 8 })).toThrow(/editionDay/);
  });

  test("somebody who came this week has a first edition that grows with them; a stranger has what rises", () => {
    const newcomer = [...before, ...during].filter(({ user }) => user !== me);
    const stranger = weekly(newcomer, monday + 3);
    expect(led(stranger, "rising").length).toBeGreaterThanOrEqual(8);
    expect(led(stranger, "weekly")).toEqual([]);
    const begun = [...newcomer, ...own(genres.jazz.slice(0, 3), monday + 2)];
    expect(led(weekly(begun, monday + 3), "weekly").length).toBeGreaterThanOrEqual(15);
  });

  test("editions begin at midnight of their day", () => {
    const of = (editionDay: number, day: number): number | undefined => {
      const at = editionAt(
        { ...builtInDefinitions.placements["discover-weekly"]!, editionDay },
        day * dayMs,
      );
      return at === undefined ? undefined : at / dayMs;
    };
    // 5 January 1970 was a Monday.
    expect([4, 4.5, 10, 10.99, 11].map((day) => of(1, day))).toEqual([4, 4, 4, 4, 11]);
    expect([5, 6, 7, 12].map((day) => of(2, day))).toEqual([5, 5, 5, 12]);
    expect([10, 11].map((day) => of(7, day))).toEqual([10, 10]);
    expect(editionAt(builtInDefinitions.placements["up-next"]!, 0)).toBe(undefined);
  });
});

describe("rows about something", () => {
  const genreOf = (item: string): string => item.slice(0, 4);
  const put = [...genres.rock, ...genres.jazz].map((id) => ({
    id,
    attributes: { genre: genreOf(id) },
  }));
  const catalogue = Catalogue.empty.changed({ put }, startMs - 90 * dayMs);

  test("similar-items are those that others bring together, and never the seed", () => {
    const list = answer(before, monday, { placement: "similar-items", items: ["jazz07"] });
    expect(list.length).toBeGreaterThan(10);
    expect(
      list.slice(0, 10).filter(({ item }) => item.startsWith("jazz")).length,
    ).toBeGreaterThanOrEqual(9);
    expect(ids(list)).not.toContain("jazz07");
    for (const { reasons } of list.slice(0, 10)) {
      expect(reasons[0]).toMatchObject({ source: "similar", because: "jazz07" });
    }
    // For a stranger as well: it is about the item.
    const strangers = answer(
      before,
      monday,
      { placement: "similar-items", items: ["jazz07"] },
      { user: null },
    );
    expect(strangers.length).toBeGreaterThan(10);
  });

  test("an item that came today and nobody touched stands beside its kin", () => {
    const today = catalogue.changed(
      { put: [{ id: "brandnew", attributes: { genre: "jazz", mood: "blue" } }] },
      startMs + monday * dayMs - 60_000,
    );
    const request = { placement: "similar-items", items: ["jazz07"], limit: 200 };
    const found = answer(before, monday, request, { items: today }).find(
      ({ item }) => item === "brandnew",
    );
    expect(found!.reasons).toEqual([{ source: "content", because: "jazz07", share: found!.score }]);
    // Of another genre it is no kin: the control.
    const other = { ...request, items: ["rock07"] };
    const placed = answer(before, monday, other, { items: today }).find(
      ({ item }) => item === "brandnew",
    );
    expect(placed?.reasons[0]!.source ?? "catalogue").toBe("catalogue");
  });

  test("of a word that thousands share the items put last are looked at, in bounded number", () => {
    const put = (id: string): { id: string; attributes: object } => ({
      id,
      attributes: { genre: "folk" },
    });
    let folk = catalogue;
    for (let hour = 0; hour < 10; hour++) {
      const ids = Array.from({ length: 200 }, (_, i) => `folk${hour}-${i}`);
      folk = folk.changed({ put: ids.map(put) as never }, startMs + hour * 3_600_000);
    }
    const request = { placement: "similar-items", items: ["folk0-0"], limit: 200 };
    const found = answer(before, monday + 1, request, { items: folk });
    expect(led(found, "content")).toHaveLength(200);
    for (const { item } of led(found, "content")) expect(item).toMatch(/^folk(9|8)-/);
  });

  test("because-you is about the newest strong liking, and says which", () => {
    const list = answer(before, monday, { placement: "because-you" });
    expect(list[0]!.reasons[0]!.because).toBe("rock08");
    const named = list.flatMap(({ reasons }) => reasons.flatMap(({ because }) => because ?? []));
    expect(new Set(named)).toEqual(new Set(["rock08"]));
    const known = new Set(before.filter(({ user }) => user === me).map(({ item }) => item));
    expect(ids(list).filter((item) => known.has(item))).toEqual([]);
    const more = [
      ...before,
      ...own(["jazz10"], monday - 0.9, "like"),
      ...own(["rock30"], monday - 0.8),
    ];
    expect(answer(more, monday, { placement: "because-you" })[0]!.reasons[0]!.because).toBe(
      "jazz10",
    );
    // Disliked since, the one before it is the newest again.
    const back = [...more, ...own(["jazz10"], monday - 0.7, "dislike")];
    expect(answer(back, monday, { placement: "because-you" })[0]!.reasons[0]!.because).toBe(
      "rock08",
    );
  });

  test("continue-playlist goes on from its tracks, which are not in it again", () => {
    const { models, states } = worldAt(before, monday);
    const state = states.get(me)!;
    const tracks = ["jazz01", "jazz02", "jazz03"].map((item, place) => ({ item, place }));
    state.playlists = new Map([["road", { title: "Road", tracks, at: 1, merged: false }]]);
    const ask = (granted: boolean) =>
      new Ranker().recommend(
        granted ? permit(state) : undefined,
        state,
        models,
        Catalogue.empty,
        builtInDefinitions,
        {
          placement: "continue-playlist",
          playlist: "road",
          limit: 10,
          now: startMs + monday * dayMs,
        },
      ).items;
    const list = ask(true);
    expect(ids(list).filter((item) => item.startsWith("jazz")).length).toBeGreaterThanOrEqual(9);
    expect(ids(list)).not.toContain("jazz01");
    // Nobody's permit stands behind it: then nobody's playlist does either.
    const strangers = answer(
      before,
      monday,
      { placement: "continue-playlist", limit: 10 },
      { user: null },
    );
    expect(ask(false)).toEqual(strangers);
  });

  test("trending says what rises here: in the region or on the device that the request states", () => {
    const local: Act[] = Array.from({ length: 12 }, (_, i) => ({
      user: 200 + i,
      item: "rock50",
      type: "play",
      minute: monday * dayMinutes - 30,
      device: "car",
    }));
    const acts = [...before, ...local];
    const first = (context = {}) => answer(acts, monday, { placement: "trending", context })[0]!;
    expect(first({ device: "car" }).item).toBe("rock50");
    expect(first({ device: "car" }).reasons[0]!.source).toBe("trending-here");
    expect(first({ device: "phone" }).item).toMatch(/^hit/);
    expect(first().reasons.map(({ source }) => source)).not.toContain("trending-here");
    expect(first({ device: "fridge" })).toEqual(first());
  });

  test("trending by category is the best of the category, however far down the whole list they stand", () => {
    const rare = catalogue.changed(
      { put: [{ id: "tune", attributes: { genre: "folk" } }] },
      startMs,
    );
    const loud: Act[] = Array.from({ length: 600 }, (_, i) => ({
      user: 300 + i,
      item: `noise${i}`,
      type: "play",
      minute: monday * dayMinutes - 20,
    }));
    const old: Act = { user: 999, item: "tune", type: "play", minute: (monday - 1) * dayMinutes };
    const items = rare.changed({
      put: loud.map(({ item }) => ({ id: item, attributes: { genre: "noise" } })),
    });
    const filter = [{ attribute: "genre", op: "eq", value: "folk" } as const];
    const list = answer(
      [...before, ...loud, old],
      monday,
      { placement: "trending", filter },
      { items },
    );
    expect(ids(list)).toEqual(["tune"]);
    expect(list[0]!.reasons[0]!.source).toBe("trending");
  });

  test("too many seeds are refused by name", () => {
    const items = Array.from({ length: 65 }, (_, i) => `i${i}`);
    expect(() => answer([], 0, { placement: "similar-items", items })).toThrow(
      /^items: at most 64/,
    );
  });
});
