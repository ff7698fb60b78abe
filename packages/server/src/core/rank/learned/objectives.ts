import { assertKnown, fieldsOf, integerOf } from "../field.ts";

/**
 * What a slot is worth by what comes of it, in thousandths of a take. A placement that states it learns from the
 * lists that it shows, and is ordered by the sum of what is foretold, each times its worth.
 */
export interface Objectives {
  readonly take: number;
  /** Of what was begun: that it is heard to the end. */
  readonly complete: number;
  /** That it is skipped. */
  readonly skip: number;
}

/**
 * One slot that is looked at in five or so is taken. So if a play that is skipped is worth nothing, and one that is
 * heard to the end half as much again, then what is foretold of plays counts by a fifth of that: 100 and -200.
 */
export const objectivesDefault: Objectives = Object.freeze({
  take: 1_000,
  complete: 100,
  skip: -200,
});

/** Of a placement that states nothing. */
export const takeAlone: Objectives = Object.freeze({ take: 1_000, complete: 0, skip: 0 });

/** Throws a RequestError that names the field; what is absent has its default. */
export function objectivesOf(value: unknown): Objectives {
  const fields = fieldsOf(value, "objectives");
  assertKnown(fields, Object.keys(objectivesDefault), "objectives");
  const integer = (name: keyof Objectives, min: number): number =>
    integerOf(fields[name] ?? objectivesDefault[name], `objectives.${name}`, min, 1_000);
  return {
    take: integer("take", 0),
    complete: integer("complete", -1_000),
    skip: integer("skip", -1_000),
  };
}
