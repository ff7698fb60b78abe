import { assertKnown, fieldsOf, integerOf } from "../field.ts";

/**
 * How much of a list may be tried out. A placement with a budget lets chance decide some slots, so that what was
 * hardly ever shown gets a hearing, and says with which probability each of them came to be.
 */
export interface Exploration {
  /** One slot in so many is drawn; which one of them, chance says as well. */
  readonly everySlots: number;
  /** The first slot that may be drawn, from 0. */
  readonly firstSlot: number;
  /** Items that a slot is drawn from, at most: the one that would stand there, and the best that stand nowhere. */
  readonly arms: number;
  /** Thousandths that all of these share alike, whatever is known of them. */
  readonly uniformPermille: number;
}

const armsMax = 16;

export const explorationDefault: Exploration = Object.freeze({
  everySlots: 10,
  firstSlot: 2,
  arms: 8,
  uniformPermille: 50,
});

/** Throws a RequestError that names the field; what is absent has its default. */
export function explorationOf(value: unknown): Exploration {
  const fields = fieldsOf(value, "exploration");
  assertKnown(fields, Object.keys(explorationDefault), "exploration");
  const integer = (name: keyof Exploration, min: number, max: number): number =>
    integerOf(fields[name] ?? explorationDefault[name], `exploration.${name}`, min, max);
  return {
    everySlots: integer("everySlots", 2, 200),
    firstSlot: integer("firstSlot", 0, 199),
    arms: integer("arms", 2, armsMax),
    // Never 0: an item that cannot be drawn at all can be judged by no log.
    uniformPermille: integer("uniformPermille", 1, 1_000),
  };
}

/** Of a shifted session: twice as many slots, at most every second one. */
export function doubled(exploration: Exploration): Exploration {
  return { ...exploration, everySlots: Math.max(2, Math.floor(exploration.everySlots / 2)) };
}
