/**
 * The laws of chance in an answer: what is drawn hangs on nothing but its key, comes as often as the logged
 * propensity says, and breaks nothing that holds for the rest of the list.
 */
import type { RecommendationRequest } from "@attune/protocol";
import { describe, expect, test } from "vitest";
import { Prng } from "../../src/base/prng.ts";
import type { RewardCell, RewardOutcome } from "../../src/core/fold/contribution.ts";
import type { UserState } from "../../src/core/fold/state.ts";
import { Catalogue } from "../../src/core/rank/catalogue.ts";
import { makeDecision, replayDecision } from "../../src/core/rank/decision.ts";
import { explorationDefault } from "../../src/core/rank/explore/budget.ts";
import { leftMin } from "../../src/core/rank/explore/explorer.ts";
import { choiceParts } from "../../src/core/rank/explore/thompson.ts";
import { builtInDefinitions, defined, type Definitions } from "../../src/core/rank/placement.ts";
import { type Answer, Ranker } from "../../src/core/rank/recommend.ts";
import { sourcesOf } from "../../src/core/rank/sources.ts";
import type { Models } from "../../src/core/sum/models.ts";
import { slotCounts } from "../../src/eval/off-policy/thompson.ts";
import { type Act, ask, now, permit, worldOf } from "./rank-world.ts";

const placement = "for-you";
const items = Array.from({ length: 40 }, (_, i) => `item ${i}`);
const today = Math.floor(now / 86_400_000);
const limit = 12;

/** Some people with tastes that overlap; the last of them is asked about. */
const acts: Act[] = Array.from({ length: 9 }, (_, user) =>
  items
    .filter((_item, i) => (i * 7 + user * 5) % 9 < 4)
    .map((item, i): Act => ({ user, item, type: "like", minute: 200 + user * 60 + i })),
).flat();

function cell(item: string, outcome: RewardOutcome, delta: number): RewardCell {
  return { model: "rewards", placement, item, outcome, slice: 0, day: today - 3, delta };
}

/** The world, with so many times each item as seen and taken as `counts` says. */
function staged(counts = (i: number) => [30 + i, i % 7] as const) {
  const { models, states } = worldOf(acts);
  items.forEach((item, i) => {
    const [shown, click] = counts(i);
    if (shown > 0) models.add(cell(item, "shown", shown));
    if (click > 0) models.add(cell(item, "click", click));
  });
  return { models, state: states.get(8)! };
}

interface Asked {
  definitions?: Definitions;
  catalogue?: Catalogue;
  request?: Partial<RecommendationRequest>;
  ranker?: Ranker;
}

/** The answer to somebody who did so many things; undefined: to nobody. */
function answerAt(
  { models, state }: { models: Models; state: UserState },
  sequence: number | undefined,
  { definitions = builtInDefinitions, catalogue = Catalogue.empty, ...more }: Asked = {},
): Answer {
  const { request = {}, ranker = new Ranker() } = more;
  const who = sequence === undefined ? undefined : { ...state, sequence };
  const asked = { ...ask(placement, { limit }), ...request };
  return ranker.recommend(permit(who), who, models, catalogue, definitions, asked);
}

const { exploration: _, ...plain } = builtInDefinitions.placements[placement]!;
const without = defined(builtInDefinitions, { kind: "placement", ...plain });
const put = (more: object, definitions = builtInDefinitions): Definitions =>
  defined(definitions, { kind: "placement", ...plain, exploration: {}, ...more });
const idsOf = ({ items: list }: Answer): string[] => list.map(({ item }) => item);
const drawnIn = ({ items: list }: Answer) =>
  list.flatMap((one, slot) => (one.propensity < 1 ? [{ ...one, slot }] : []));

describe("what is drawn", () => {
  test("comes as often as its propensity says, each slot as often as the others", () => {
    const world = staged();
    const ranker = new Ranker();
    const counts = new Map<string, { seen: number; propensity: number; trials: number }>();
    const trials = new Map<number, number>();
    const answers = 16_000;
    for (let sequence = 0; sequence < answers; sequence++) {
      const [drawn, ...others] = drawnIn(answerAt(world, sequence, { ranker }));
      // The two slots that begin the second part of the list are drawn in two of ten answers.
      expect(others.every(({ slot }) => slot >= 10)).toBe(true);
      if (drawn === undefined || drawn.slot >= 10) continue;
      trials.set(drawn.slot, (trials.get(drawn.slot) ?? 0) + 1);
      const name = `${drawn.slot} ${drawn.item}`;
      const known = counts.get(name) ?? { seen: 0, propensity: drawn.propensity, trials: 0 };
      expect(drawn.propensity).toBe(known.propensity);
      counts.set(name, { ...known, seen: known.seen + 1 });
    }
    expect([...trials.keys()].sort((a, b) => a - b)).toEqual([2, 3, 4, 5, 6, 7, 8, 9]);
    for (const count of trials.values()) expect(Math.abs(count - 2_000)).toBeLessThan(4 * 42);
    let squares = 0;
    for (const [name, { seen, propensity }] of counts) {
      const expected = propensity * trials.get(Number(name.split(" ")[0]))!;
      squares += (seen - expected) ** 2 / expected;
    }
    // Eight slots of eight arms: 56 degrees of freedom, deviation of chi-square 10.6.
    expect(counts.size).toBe(64);
    expect(squares).toBeLessThan(56 + 4 * 10.6);
    // The control: were the logged ones those of an even draw, it would show.
    let even = 0;
    for (const [name, { seen }] of counts) {
      const expected = trials.get(Number(name.split(" ")[0]))! / 8;
      even += (seen - expected) ** 2 / expected;
    }
    expect(even).toBeGreaterThan(300);
  });

  test("is the same for the same key, whoever else acts, and another one for another key", () => {
    const world = staged();
    const key = (sequence: number | undefined, asked: Asked = {}) =>
      drawnIn(answerAt(world, sequence, asked)).map(({ item, slot }) => `${slot} ${item}`)[0];
    const some = Array.from({ length: 30 }, (_, sequence) => key(sequence));
    expect(Array.from({ length: 30 }, (_, sequence) => key(sequence))).toEqual(some);
    expect(new Set(some).size).toBeGreaterThan(8);
    const other = new Ranker(sourcesOf(), 2);
    expect(some.map((_, sequence) => key(sequence, { ranker: other }))).not.toEqual(some);
    // Of a live list: by what its owner had done when it began.
    const list = { size: limit, sequence: 7 };
    for (let sequence = 0; sequence < 30; sequence++)
      expect(key(sequence, { request: { list } })).toBe(some[7]);
  });

  test("is what every stranger of the hour is given, a known one without a permit too", () => {
    const world = staged();
    const stranger = answerAt(world, undefined);
    expect(drawnIn(stranger).length).toBeGreaterThan(0);
    const hidden = { ...world.state, sequence: 99 };
    const asked = ask(placement, { limit, list: { size: limit, sequence: 12 } });
    const known = new Ranker().recommend(
      undefined,
      hidden,
      world.models,
      Catalogue.empty,
      builtInDefinitions,
      asked,
    );
    expect(known).toEqual(stranger);
    const at = (more: Partial<RecommendationRequest>) =>
      drawnIn(answerAt(world, undefined, { request: more })).map(({ item, slot }) => [slot, item]);
    const hours = Array.from({ length: 12 }, (_, i) => at({ now: now + i * 3_600_000 }));
    expect(new Set(hours.map(String)).size).toBeGreaterThan(4);
    expect(at({ now: now + 3_599_999 })).toEqual(at({}));
    const phones = ["a", "b", "c", "d"].map((region) => at({ context: { region } }));
    expect(new Set(phones.map(String)).size).toBeGreaterThan(1);
  });

  test("comes out again from a logged decision, propensities and all, and a tampered one does not", () => {
    const world = staged();
    for (let sequence = 0; sequence < 20; sequence++) {
      const state = { ...world.state, sequence };
      const request = ask(placement, { limit });
      const answer = answerAt(world, sequence);
      const facts = { id: "d", request, position: 1, catalogue: 0, definitions: 0, sequence };
      const clockHour = world.models.popularity.clockHour;
      const decision = makeDecision(answer, { ...facts, clockHour });
      const replayed = (slots = decision.slots) =>
        replayDecision(
          JSON.parse(JSON.stringify({ ...decision, slots })),
          new Ranker(),
          permit(state),
          state,
          world.models,
          Catalogue.empty,
          builtInDefinitions,
        ).outcome;
      expect(replayed()).toBe("equal");
      const tampered = decision.slots.map((slot) => ({
        ...slot,
        propensity: slot.propensity * 0.999,
      }));
      expect(replayed(tampered)).toBe("differs");
    }
  });
});

describe("a drawn slot", () => {
  test("takes the place of one item, and nothing else moves; its shares sum to its score", () => {
    const world = staged();
    const best = answerAt(world, 0, { definitions: without });
    let moved = 0;
    for (let sequence = 0; sequence < 200; sequence++) {
      const answer = answerAt(world, sequence);
      const drawn = new Set(drawnIn(answer).map(({ slot }) => slot));
      answer.items.forEach(({ item, score, reasons, propensity }, slot) => {
        expect(reasons.reduce((sum, { share }) => sum + share, 0)).toBe(score);
        expect(score).toBe(best.items[slot]!.score);
        if (!drawn.has(slot)) expect(propensity).toBe(1);
        const isOther = item !== best.items[slot]!.item;
        expect(isOther && !drawn.has(slot)).toBe(false);
        const explored = reasons.filter(({ source }) => source === "explored");
        expect(explored).toHaveLength(isOther ? 1 : 0);
        if (isOther) moved++;
      });
      expect(new Set(idsOf(answer)).size).toBe(limit);
      expect([...drawn].every((slot) => slot >= explorationDefault.firstSlot)).toBe(true);
    }
    expect(moved).toBeGreaterThan(100);
  });

  test("is never one that a rule pinned or that is on a screen, and holds nothing that must not be shown", () => {
    const world = staged();
    const best = idsOf(answerAt(world, 0, { definitions: without }));
    const [gone, hidden, disliked] = [items[20]!, items[21]!, items[22]!];
    const documents: object[] = [
      { kind: "rule", id: "pin", items: [items[39]], pin: { slot: 4 } },
      { kind: "takedown", itemIds: [gone], reason: "test" },
      { kind: "rule", id: "hide", items: [hidden], territory: ["AT"] },
    ];
    const definitions = documents.reduce<Definitions>(
      defined,
      put({ exploration: { everySlots: 2 } }),
    );
    const state = { ...world.state, dislikes: new Map([[disliked, now]]) };
    const onScreen = [best[5]!, best[8]!];
    const held = { definitions, request: { onScreen } };
    let draws = 0;
    for (let sequence = 0; sequence < 300; sequence++) {
      const answer = answerAt({ ...world, state }, sequence, held);
      const ids = idsOf(answer);
      draws += drawnIn(answer).length;
      expect(ids[4]).toBe(items[39]);
      for (const id of onScreen) expect(ids).toContain(id);
      for (const id of [gone, hidden, disliked]) expect(ids).not.toContain(id);
    }
    expect(draws).toBeGreaterThan(300);
  });

  test("keeps the caps, which the control breaks", () => {
    const catalogue = Catalogue.empty.changed({
      put: items.map((id, i) => ({ id, attributes: { artist: `artist ${i % 6}` } })),
    });
    const caps = [{ attribute: "artist", max: 1, window: 4 }];
    const exploration = { everySlots: 2, firstSlot: 0, uniformPermille: 1_000 };
    const world = staged();
    const broken = (diversity: object): number => {
      const definitions = put({ exploration, diversity });
      let count = 0;
      for (let sequence = 0; sequence < 300; sequence++) {
        const answer = answerAt(world, sequence, { definitions, catalogue });
        const artists = idsOf(answer).map((id) => catalogue.get(id)!.attributes["artist"]);
        for (let at = 3; at < artists.length; at++)
          if (new Set(artists.slice(at - 3, at + 1)).size < 4) count++;
        if (drawnIn(answer).length === 0) count++;
      }
      return count;
    };
    expect(broken({ caps })).toBe(0);
    expect(broken({})).toBeGreaterThan(0);
  });

  test("is the same in a longer answer that knows how long the list is", () => {
    const world = staged();
    for (let sequence = 0; sequence < 50; sequence++) {
      const short = answerAt(world, sequence, { request: { limit: 8, list: { size: 8 } } });
      const long = answerAt(world, sequence, { request: { limit: 40, list: { size: 8 } } });
      expect(long.items.slice(0, 8)).toEqual(short.items);
      expect(new Set(idsOf(long)).size).toBe(long.items.length);
      expect(drawnIn(long).every(({ slot }) => slot < 8)).toBe(true);
    }
  });

  test("says what else it might have been: the arms, which the propensities of all sum up over", () => {
    const world = staged();
    const ranker = new Ranker();
    const seen = new Map<string, number>();
    const definitions = put({ exploration: { uniformPermille: 400 } });
    let armsOfFirst: readonly string[] = [];
    for (let sequence = 0; sequence < 2_000; sequence++) {
      const answer = answerAt(world, sequence, { ranker, definitions });
      const arms = answer.items.map((_one, slot) => ranker.armsAt(slot));
      expect(arms[0]).toEqual([]);
      expect(arms[1]).toEqual([]);
      for (const { slot, item, propensity } of drawnIn(answer)) {
        expect(arms[slot]).toContain(item);
        if (slot === 2) seen.set(item, propensity);
        if (slot === 2) armsOfFirst = arms[slot]!;
      }
    }
    expect([...seen.keys()].sort()).toEqual([...armsOfFirst].sort());
    expect([...seen.values()].reduce((sum, one) => sum + one, 0)).toBe(1);
  });
});

test("nothing is drawn until slots are reported as seen, and clicks alone report none", () => {
  const drawnWith = (shown: number, click: number): number => {
    const world = staged(() => [0, 0]);
    world.models.add(cell(items[0]!, "shown", shown));
    if (click > 0) world.models.add(cell(items[0]!, "click", click));
    return drawnIn(answerAt(world, 3)).length;
  };
  expect(drawnWith(leftMin - 1, 0)).toBe(0);
  expect(drawnWith(leftMin, 0)).toBeGreaterThan(0);
  expect(drawnWith(5_000, 5_000)).toBe(0);
});

test("the shares are those of a sampler that draws from Beta distributions", () => {
  const arms = [
    { shown: 60, taken: 12 },
    { shown: 300, taken: 45 },
    { shown: 25, taken: 2 },
    { shown: 500, taken: 90 },
    { shown: 10, taken: 1 },
  ];
  const [shown, taken] = [895, 150];
  const rate = (taken + 1) / (shown + 20);
  const draws = 100_000;
  const [counts] = slotCounts(
    {
      alpha: arms.map((arm) => arm.taken + 20 * rate),
      beta: arms.map((arm) => arm.shown - arm.taken + 20 * (1 - rate)),
    },
    1,
    draws,
    new Prng(3),
  );
  const shares = choiceParts(arms, 1).map((part) => part / 2 ** 20);
  // The posterior is taken for a normal one, on a grid of 64: so near, and not nearer.
  shares.forEach((share, i) => expect(Math.abs(share - counts![i]! / draws)).toBeLessThan(0.03));
});
