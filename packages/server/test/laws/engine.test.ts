/**
 * The laws of the engine over generated users; each with a planted bug that it catches.
 * ATTUNE_LONG=1 forgets every user singly and takes ten times as many.
 */
import { describe, expect, test } from "vitest";
import { foldLimits, type FoldLimits } from "../../src/core/fold/state.ts";
import { Ranker } from "../../src/core/rank/recommend.ts";
import { Tenant } from "../../src/engine/tenants.ts";
import { engineLaws, forgetAll, run } from "./engine.ts";
import { isLong, smallLimits } from "./generate.ts";
import { generated } from "./population.ts";

const seed = Number(process.env["ATTUNE_SEED"] ?? 1) % 2 ** 31;
const usersOfLaw = isLong ? 2_000 : 120;

describe.each([
  ["at limits that users reach", smallLimits],
  ["at the real limits", foldLimits],
] as const)("the engine %s", (_name, limits) => {
  test.each(engineLaws)("$name", async ({ check }) => {
    await check(generated(usersOfLaw, seed, 40), limits);
  });

  test("forgets 500 users to the byte", async () => {
    const count = isLong ? 5_000 : 500;
    const population = generated(count, seed + 1, isLong ? 60 : 30);
    const machine = await run(population, limits);
    const singly = isLong ? count : 25;
    const replays = await forgetAll(machine, population.members, singly, 20);
    expect(replays).toBe(singly + Math.ceil((count - singly) / 20));
  }, 600_000);
});

interface PlantedBug {
  bug: string;
  law: RegExp;
  /** Plants it and returns how to take it out again. */
  plant(): () => void;
}

type Methods<T> = { [K in keyof T]?: T[K] };

function patched<T extends object>(target: T, changes: Methods<T> & ThisType<T>): () => void {
  const names = Object.keys(changes) as (keyof T)[];
  const before = Object.fromEntries(names.map((name) => [name, target[name]]));
  Object.assign(target, changes);
  return () => Object.assign(target, before);
}

const { add, subtract } = Tenant.prototype;

const plantedBugs: PlantedBug[] = [
  {
    bug: "an erasure leaves the pairs of items that were liked together",
    law: /^forgetting equals/,
    plant: () =>
      patched(Tenant.prototype, {
        subtract(cells) {
          subtract.call(
            this,
            cells.filter(({ model }) => model !== "cooccurrence"),
          );
        },
      }),
  },
  {
    bug: "a count depends on who came before",
    law: /^live equals/,
    plant: () => {
      let number = 0;
      return patched(Tenant.prototype, {
        add(cells) {
          number += 1;
          const isLost = number % 97 === 0;
          add.call(this, isLost ? cells.slice(1) : cells);
        },
      });
    },
  },
  {
    bug: "the first to touch an item counts twice",
    law: /^merged parts equal/,
    plant: () => {
      const touched = new WeakMap<Tenant, Set<string>>();
      return patched(Tenant.prototype, {
        add(cells) {
          const known = touched.get(this) ?? new Set<string>();
          touched.set(this, known);
          const first = cells.filter((cell) => {
            if (cell.model !== "popularity" || known.has(cell.item)) return false;
            known.add(cell.item);
            return true;
          });
          add.call(this, [...cells, ...first]);
        },
      });
    },
  },
  {
    bug: "a withdrawal takes nothing back",
    law: /^a withdrawal equals/,
    plant: () => patched(Tenant.prototype, { subtract: () => undefined }),
  },
  {
    bug: "an answer depends on how many were given",
    law: /^past decisions/,
    plant: () => {
      const { recommend } = Ranker.prototype;
      let number = 0;
      return patched(Ranker.prototype, {
        recommend(...asked) {
          const answer = recommend.apply(this, asked);
          number += 1;
          const isCut = (number & (number - 1)) === 0;
          return isCut ? { ...answer, items: answer.items.slice(1) } : answer;
        },
      });
    },
  },
  {
    bug: "reasons leave out a share",
    law: /^past decisions/,
    plant: () => {
      const { recommend } = Ranker.prototype;
      return patched(Ranker.prototype, {
        recommend(...asked) {
          const { items, ...rest } = recommend.apply(this, asked);
          const cut = items.map((item) => ({ ...item, reasons: item.reasons.slice(1) }));
          return { items: cut, ...rest };
        },
      });
    },
  },
];

describe("a law of the engine catches", () => {
  const limits: FoldLimits = smallLimits;

  test.each(plantedBugs)("$bug", async ({ law, plant }) => {
    const failed: string[] = [];
    for (const { name, check } of engineLaws) {
      const takeOut = plant();
      try {
        await check(generated(60, 5, 40), limits);
      } catch {
        failed.push(name);
      } finally {
        takeOut();
      }
    }
    expect(failed.filter((name) => law.test(name))).not.toEqual([]);
  });
});
