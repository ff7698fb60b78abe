/**
 * A small world whose truth is known: readers of some kinds, items they like more or less, and a ranker that
 * explores with logged propensities. What another ranker would earn is computed exactly from the world, and
 * estimated from the log; the estimators are judged by the difference. Seeded.
 */
import { Prng } from "../../base/prng.ts";
import { drawn, normal, uniform } from "./draws.ts";
import type { Row } from "./estimators.ts";
import { choices, marginals } from "./plackett-luce.ts";
import { crossFit } from "./reward-model.ts";

/**
 * How the log explores. `slot`: one slot of ten, never the first two, is drawn among the item that would stand
 * there and those that stand nowhere. `tail`: slots 6 to 10 are drawn one after another, without replacement.
 */
export const explorations = ["slot", "tail"] as const;
export type Exploration = (typeof explorations)[number];

const kinds = 12;
const items = 16;
const slots = 10;
const pinned = 2;
const tailFrom = 5;
const uniformPart = 0.05;
const temperature = 0.3;

interface Kind {
  /** Probability of a click on an item that is looked at. */
  appeal: number[];
  /** Scores of the ranker that made the log, and of the one that is asked about. */
  logged: number[];
  target: number[];
  /** Items by logged score, best first. */
  order: number[];
}

/** One drawn slot: what both rankers would have drawn it with, and what came of it. */
interface Drawn {
  answer: number;
  item: number;
  reward: number;
  /** Product of target / logged propensity over the drawn slots of this answer above this one. */
  weightAbove: number;
  weight: number;
  /** Target probabilities by item. */
  target: { item: number; probability: number }[];
}

export class World {
  readonly exploration: Exploration;
  readonly #kinds: Kind[];

  constructor(seed: number, exploration: Exploration) {
    this.exploration = exploration;
    const prng = new Prng(seed);
    this.#kinds = Array.from({ length: kinds }, () => kindOf(prng));
  }

  /** Clicks per drawn slot that the target policy earns: an exact sum, no simulation. */
  truth(): number {
    const value = (kind: Kind) => (this.exploration === "slot" ? slotTruth(kind) : tailTruth(kind));
    return this.#kinds.reduce((sum, kind) => sum + value(kind), 0) / kinds;
  }

  /**
   * Rows of a log of so many answers, ready for `estimate`. `logPropensity` says what the log keeps of the
   * propensity of what was drawn; anything but the identity is a planted fault.
   */
  rows(answers: number, seed: number, logPropensity = (propensity: number) => propensity): Row[] {
    const prng = new Prng(seed);
    const log: Drawn[] = [];
    for (let answer = 0; answer < answers; answer++) {
      const kind = prng.pick(this.#kinds);
      if (this.exploration === "slot") log.push(drawSlot(kind, answer, prng, logPropensity));
      else log.push(...drawTail(kind, answer, prng, logPropensity));
    }
    const outcomes = log.map(({ item, reward, answer }) => ({ item, reward, cluster: answer }));
    const models = crossFit(outcomes);
    return log.map(({ answer, item, reward, weight, weightAbove, target }, i) => ({
      reward,
      weight,
      qLogged: models[i]!(item),
      qTarget:
        weightAbove *
        target.reduce((sum, { item: a, probability }) => sum + probability * models[i]!(a), 0),
      cluster: answer,
    }));
  }
}

function kindOf(prng: Prng): Kind {
  const appeal = Array.from({ length: items }, () => 0.05 + 0.5 * uniform(prng) ** 2);
  const noisy = (noise: number) => appeal.map((value) => value + noise * normal(prng));
  const [logged, target] = [noisy(0.15), noisy(0.1)];
  const order = logged.map((_, item) => item).sort((a, b) => logged[b]! - logged[a]!);
  return { appeal, logged, target, order };
}

/** The lower a slot, the fewer look at it; a click then depends on the item alone. */
function clickProbability(kind: Kind, item: number, slot: number): number {
  return kind.appeal[item]! / (1 + 0.1 * slot);
}

function armsOf(kind: Kind, slot: number): number[] {
  return [kind.order[slot]!, ...kind.order.slice(slots)];
}

function slotProbabilities(scores: readonly number[], arms: readonly number[]): number[] {
  return choices(weightsOf(scores, arms)).map(
    (part) => (1 - uniformPart) * part + uniformPart / arms.length,
  );
}

function weightsOf(scores: readonly number[], arms: readonly number[]): number[] {
  return arms.map((item) => Math.exp(scores[item]! / temperature));
}

function drawSlot(
  kind: Kind,
  answer: number,
  prng: Prng,
  logPropensity: (propensity: number) => number,
): Drawn {
  const slot = prng.between(pinned, slots - 1);
  const arms = armsOf(kind, slot);
  const logged = slotProbabilities(kind.logged, arms);
  const target = slotProbabilities(kind.target, arms);
  const arm = drawn(prng, logged);
  const item = arms[arm]!;
  return {
    answer,
    item,
    reward: prng.chance(clickProbability(kind, item, slot)) ? 1 : 0,
    weightAbove: 1,
    weight: target[arm]! / logPropensity(logged[arm]!),
    target: arms.map((one, i) => ({ item: one, probability: target[i]! })),
  };
}

function drawTail(
  kind: Kind,
  answer: number,
  prng: Prng,
  logPropensity: (propensity: number) => number,
): Drawn[] {
  const left = kind.order.slice(tailFrom);
  const log: Drawn[] = [];
  let weightAbove = 1;
  for (let slot = tailFrom; slot < slots; slot++) {
    const logged = choices(weightsOf(kind.logged, left));
    const target = choices(weightsOf(kind.target, left));
    const arm = drawn(prng, logged);
    const item = left[arm]!;
    const weight = (weightAbove * target[arm]!) / logPropensity(logged[arm]!);
    log.push({
      answer,
      item,
      reward: prng.chance(clickProbability(kind, item, slot)) ? 1 : 0,
      weightAbove,
      weight,
      target: left.map((one, i) => ({ item: one, probability: target[i]! })),
    });
    left.splice(arm, 1);
    weightAbove = weight;
  }
  return log;
}

function slotTruth(kind: Kind): number {
  let value = 0;
  for (let slot = pinned; slot < slots; slot++) {
    const arms = armsOf(kind, slot);
    const target = slotProbabilities(kind.target, arms);
    arms.forEach((item, i) => (value += target[i]! * clickProbability(kind, item, slot)));
  }
  return value / (slots - pinned);
}

function tailTruth(kind: Kind): number {
  const left = kind.order.slice(tailFrom);
  const at = marginals(weightsOf(kind.target, left), slots - tailFrom);
  let value = 0;
  at.forEach((byItem, i) =>
    left.forEach((item, j) => (value += byItem[j]! * clickProbability(kind, item, tailFrom + i))),
  );
  return value / (slots - tailFrom);
}
