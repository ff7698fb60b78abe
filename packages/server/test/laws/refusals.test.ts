/** What people refuse does not come back: disliked items never, skipped categories less. Each with its control. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { Prng } from "../../src/base/prng.ts";
import { Catalogue } from "../../src/core/rank/catalogue.ts";
import { builtInDefinitions, defined, type Definitions } from "../../src/core/rank/placement.ts";
import { Ranker } from "../../src/core/rank/recommend.ts";
import type { UserState } from "../../src/core/fold/state.ts";
import type { Models } from "../../src/core/sum/models.ts";
import { type Act, ask, folded, permit, placements, worldOf } from "./rank-world.ts";

const ids = Array.from({ length: 40 }, (_, i) => `t${String(i).padStart(2, "0")}`);
const genreOf = (id: string): string => (Number(id.slice(1)) % 2 === 0 ? "jazz" : "rock");
const catalogueWith = (attribute: string): Catalogue =>
  Catalogue.empty.changed({
    put: ids.map((id) => ({ id, attributes: { [attribute]: genreOf(id) } })),
  });
const byGenre = catalogueWith("genre");

/** Thirty people who play what comes. */
function crowd(seed: number): Act[] {
  const prng = new Prng(seed);
  return Array.from({ length: 30 * 12 }, (_, i) => ({
    user: 1 + Math.floor(i / 12),
    item: prng.pick(ids),
    type: "play",
    minute: i * 5,
  }));
}

const acts = (own: readonly [type: Act["type"], item: string][]): Act[] =>
  own.map(([type, item], i) => ({ user: 0, item, type, minute: 4_000 + i }));

function shown(
  models: Models,
  state: UserState | undefined,
  placement: string,
  { items = byGenre, definitions = builtInDefinitions, limit = 10 } = {},
): string[] {
  const request = ask(placement, { limit });
  return ranker
    .recommend(permit(state), state, models, items, definitions, request)
    .items.map(({ item }) => item);
}
const ranker = new Ranker();

test("a disliked item returns 0 times in 10,000 answers, boosted, pinned and spread as it may be", () => {
  const prng = new Prng(11);
  const { models } = worldOf(crowd(3));
  let [asked, returned, wouldHave] = [0, 0, 0];
  while (asked < 10_000) {
    const disliked = prng.pick(ids);
    const played = acts([
      ["play", prng.pick(ids)],
      ["like", disliked],
      ["play", prng.pick(ids)],
    ]);
    const refused = folded([...played, { ...played[1]!, type: "dislike", minute: 4_100 }]);
    const definitions = pushing(disliked, prng.between(0, 9));
    for (let i = 0; i < 40; i++, asked++) {
      const placement = prng.pick([...placements, "pushed"]);
      const options = { definitions, limit: prng.between(1, 40) };
      if (shown(models, refused, placement, options).includes(disliked)) returned += 1;
      if (i % 4 === 0 && shown(models, folded(played), placement, options).includes(disliked))
        wouldHave += 1;
    }
  }
  expect(returned).toBe(0);
  // The control: who did not dislike it is shown it all the time.
  expect(wouldHave).toBeGreaterThan(1_000);
});

function pushing(item: string, slot: number): Definitions {
  const documents = [
    { kind: "rule", id: "push", items: [item], boost: 100, pin: { slot } },
    {
      kind: "placement",
      name: "pushed",
      sources: { popular: 1_000 },
      diversity: { lambda: 500, caps: [{ attribute: "genre", max: 2, window: 4 }] },
    },
  ];
  return documents.reduce<Definitions>(defined, builtInDefinitions);
}

const jazzIn = (list: readonly string[]): number =>
  list.filter((id) => genreOf(id) === "jazz").length;

test("skipping a category lowers its share of the next 10, and taking to it again brings it back", () => {
  const sums = { before: 0, after: 0, mended: 0, control: 0 };
  let runs = 0;
  fc.assert(
    fc.property(fc.nat(1_000), fc.constantFrom("trending", "for-you"), (seed, placement) => {
      const { models } = worldOf(crowd(seed));
      const prng = new Prng(seed);
      const jazz = ids.filter((id) => genreOf(id) === "jazz");
      const start: [Act["type"], string][] = [
        ["like", prng.pick(jazz)],
        ["like", "t01"],
      ];
      const skips = Array.from({ length: 5 }, (): [Act["type"], string] => [
        "skip",
        prng.pick(jazz),
      ]);
      const likes = Array.from({ length: 5 }, (): [Act["type"], string] => [
        "like",
        prng.pick(jazz),
      ]);
      const of = (own: [Act["type"], string][], items = byGenre): number =>
        jazzIn(shown(models, folded(acts(own)), placement, { items }));
      const [before, after] = [of(start), of([...start, ...skips])];
      expect(after).toBeLessThanOrEqual(before);
      sums.before += before;
      sums.after += after;
      sums.mended += of([...start, ...skips, ...likes]);
      sums.control += of([...start, ...skips], catalogueWith("shade"));
      runs += 1;
    }),
    { numRuns: 40 },
  );
  const share = (sum: number): number => sum / (10 * runs);
  expect(share(sums.before)).toBeGreaterThan(0.35);
  expect(share(sums.after)).toBeLessThan(share(sums.before) / 2);
  expect(share(sums.mended)).toBeGreaterThan(share(sums.after) * 1.5);
  // The control: what is no category takes only the skipped items themselves down.
  expect(share(sums.control)).toBeGreaterThan(share(sums.after) * 1.5);
});

test("the share that a skipped category costs is a reason of its own, and adds up", () => {
  const { models } = worldOf(crowd(5));
  const state = folded(
    acts([
      ["like", "t01"],
      ["skip", "t02"],
      ["skip", "t04"],
    ]),
  );
  const { items } = ranker.recommend(
    permit(state),
    state,
    models,
    byGenre,
    builtInDefinitions,
    ask("trending", { limit: 40 }),
  );
  const sunk = items.filter(({ reasons }) => reasons.some(({ source }) => source === "category"));
  expect(sunk.length).toBeGreaterThan(5);
  for (const { item, score, reasons } of items) {
    expect(reasons.reduce((sum, { share }) => sum + share, 0)).toBe(score);
    const own = reasons.find(({ source }) => source === "category");
    // A score of 1 has nothing to lose.
    if (genreOf(item) === "rock") expect(own).toBe(undefined);
    else if (own !== undefined) expect(own).toMatchObject({ because: "t04" });
  }
});
