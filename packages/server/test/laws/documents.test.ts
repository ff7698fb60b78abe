/** The laws of an answer with documents in force: pure, canonical, accounted for, and nothing that may not be shown. */
import type { RecommendationRequest } from "@attune/protocol";
import fc from "fast-check";
import { expect, test } from "vitest";
import { Catalogue } from "../../src/core/rank/catalogue.ts";
import { makeDecision, replayDecision } from "../../src/core/rank/decision.ts";
import {
  builtInDefinitions,
  defined,
  type DefinitionDocument,
  type Definitions,
  findPlacement,
  restoredDefinitions,
} from "../../src/core/rank/placement.ts";
import { type Answer, Ranker } from "../../src/core/rank/recommend.ts";
import { documents, placementNames, tagged } from "./documents.ts";
import { acts, ask, forget, now, permit, type World, worldOf } from "./rank-world.ts";
import { runs } from "./summary.ts";

const short = { numRuns: Math.ceil(runs.numRuns / 2) };

const inForce = (list: readonly DefinitionDocument[]): Definitions =>
  list.reduce<Definitions>(defined, builtInDefinitions);
const asks = (definitions: Definitions): RecommendationRequest[] =>
  placementNames
    .filter((name) => findPlacement(definitions, name) !== undefined)
    .flatMap((name) => [
      ask(name, { limit: 7 }),
      ask(name, { context: { device: "phone", region: "north" }, filter: 'item.id != "b"' }),
    ]);

type Asked = [RecommendationRequest, number | undefined, Answer];

function allAnswers(world: World, definitions: Definitions, ranker = new Ranker()): Asked[] {
  const users = [undefined, ...[...world.states.keys()].sort((x, y) => x - y)];
  return users.flatMap((user) =>
    [tagged, Catalogue.empty].flatMap((catalogue) =>
      asks(definitions).map((request): Asked => {
        const state = user === undefined ? undefined : world.states.get(user);
        const answer = ranker.recommend(
          permit(state),
          state,
          world.models,
          catalogue,
          definitions,
          request,
        );
        return [request, user, answer];
      }),
    ),
  );
}

test("shares sum to scores, no item stands twice, none that was taken down or disliked stands", () => {
  const seen = { rule: 0, label: 0, pinned: 0, category: 0, freshness: 0 };
  const law = fc.property(acts, documents, (list, given) => {
    const world = worldOf(list);
    const definitions = inForce(given);
    for (const [, user, { items }] of allAnswers(world, definitions)) {
      expect(new Set(items.map(({ item }) => item)).size).toBe(items.length);
      for (const { item, score, reasons, label } of items) {
        expect(Number.isSafeInteger(score)).toBe(true);
        expect(reasons.reduce((sum, { share }) => sum + share, 0)).toBe(score);
        expect(item in (definitions.takedowns ?? {})).toBe(false);
        for (const { because = "" } of reasons)
          expect(because in (definitions.takedowns ?? {})).toBe(false);
        if (user !== undefined) expect(world.states.get(user)!.dislikes.has(item)).toBe(false);
        const own = reasons.filter(({ source }) => source.startsWith("rule:"));
        if (own.some(({ share }) => share !== 0)) seen.rule += 1;
        if (own.some(({ share }) => share === 0)) seen.pinned += 1;
        if (reasons.some(({ source }) => source === "category")) seen.category += 1;
        if (reasons.some(({ source }) => source === "freshness")) seen.freshness += 1;
        if (label !== undefined) seen.label += 1;
      }
    }
  });
  fc.assert(law, short);
  // So few draws may meet none of some kind: then those of a seed that meets all are drawn as well.
  if (Object.values(seen).includes(0)) fc.assert(law, { ...short, seed: 1 });
  for (const count of Object.values(seen)) expect(count).toBeGreaterThan(0);
});

test("a rule is kept by every item: outside of territory, licence or ceiling nothing stands", () => {
  let hidden = 0;
  fc.assert(
    fc.property(acts, documents, (list, given) => {
      const definitions = inForce(given);
      for (const [{ placement, context }, , { items }] of allAnswers(worldOf(list), definitions)) {
        for (const { placements, items: own, filter, territory, licence, ...rest } of Object.values(
          definitions.rules ?? {},
        )) {
          const isRunning = (rest.from ?? 0) <= now && now < (rest.until ?? Infinity);
          if (!isRunning) continue;
          if (filter !== undefined || placements?.includes(placement) === false) continue;
          const isOut =
            (territory !== undefined && !territory.includes(context?.region ?? "")) ||
            (licence?.until ?? now + 1) <= now;
          if (!isOut) continue;
          for (const { item } of items) expect(own).not.toContain(item);
          hidden += 1;
        }
      }
    }),
    short,
  );
  expect(hidden).toBeGreaterThan(0);
});

test("a rule whose time has not come, or is over, changes no answer", () => {
  let idle = 0;
  fc.assert(
    fc.property(acts, documents, (list, given) => {
      const definitions = inForce(given);
      const running = Object.entries(definitions.rules ?? {}).filter(
        ([, { from = 0, until = Infinity }]) => from <= now && now < until,
      );
      idle += Object.keys(definitions.rules ?? {}).length - running.length;
      const without = { ...definitions, rules: Object.fromEntries(running) };
      const world = worldOf(list);
      expect(allAnswers(world, definitions)).toEqual(allAnswers(world, without));
    }),
    short,
  );
  expect(idle).toBeGreaterThan(0);
});

test("answers are equal whatever order users came in, and a ranker that answered before is like a new one", () => {
  const ranker = new Ranker();
  fc.assert(
    fc.property(acts, documents, documents, (list, given, others) => {
      const definitions = inForce(given);
      const expected = allAnswers(worldOf(list), definitions);
      const turned = worldOf(list, (users) => users.toReversed());
      expect(allAnswers(turned, definitions)).toEqual(expected);
      allAnswers(turned, inForce(others), ranker);
      expect(allAnswers(turned, definitions, ranker)).toEqual(expected);
      const stored = JSON.parse(JSON.stringify(definitions)) as Definitions;
      expect(allAnswers(turned, restoredDefinitions(stored), ranker)).toEqual(expected);
    }),
    short,
  );
});

test("without a permit a known user's answer equals a stranger's; after forgetting, that of a world without", () => {
  const ranker = new Ranker();
  fc.assert(
    fc.property(acts, documents, (list, given) => {
      const world = worldOf(list);
      const definitions = inForce(given);
      for (const request of asks(definitions)) {
        const answer = (user?: number): Answer =>
          ranker.recommend(
            undefined,
            user === undefined ? undefined : world.states.get(user),
            world.models,
            tagged,
            definitions,
            request,
          );
        for (const user of world.states.keys()) expect(answer(user)).toEqual(answer());
      }
      const gone = list[0]!.user;
      forget(world, gone);
      const without = worldOf(list.filter(({ user }) => user !== gone));
      expect(allAnswers(world, definitions)).toEqual(allAnswers(without, definitions));
    }),
    short,
  );
});

test("a decision replays under the documents of its day alone", () => {
  let count = 0;
  fc.assert(
    fc.property(acts, documents, documents, (list, given, more) => {
      const world = worldOf(list);
      const definitions = inForce(given);
      const user = list[0]!.user;
      const state = world.states.get(user)!;
      for (const request of asks(definitions)) {
        const parts = [permit(state), state, world.models, tagged] as const;
        const answer = new Ranker().recommend(...parts, definitions, request);
        const decision = makeDecision(answer, {
          id: "1:1",
          request,
          position: 7,
          clockHour: world.models.popularity.clockHour,
          catalogue: tagged.version,
          definitions: definitions.version,
          sequence: state.sequence,
        });
        const replay = (at: Definitions) =>
          replayDecision(JSON.parse(JSON.stringify(decision)), new Ranker(), ...parts, at);
        expect(replay(inForce(given)).outcome).toBe("equal");
        if (more.length > 0)
          expect(replay(more.reduce<Definitions>(defined, definitions))).toMatchObject({
            inputs: ["definitions"],
          });
        count += 1;
      }
    }),
    short,
  );
  expect(count).toBeGreaterThan(0);
});
