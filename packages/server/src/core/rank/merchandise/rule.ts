import { assertKnown, type Fields, fieldsOf, integerOf, textOf, textsOf } from "../field.ts";
import { parsed } from "../filter/parse.ts";
import { RequestError } from "../request-error.ts";

/**
 * A merchandising rule: what the tenant wants shown, not shown, or shown otherwise than the models would, as a
 * versioned document. It concerns the items that are in `items` (if given) and pass `filter` (if given), in the
 * placements of `placements` (all, if absent); everything else in it is an effect, of which it has at least one.
 */
export interface Rule {
  readonly id: string;
  /** Version of the definitions that brought it. */
  readonly version: number;
  readonly placements?: readonly string[] | undefined;
  readonly items?: readonly string[] | undefined;
  readonly filter?: string | undefined;
  /** In force from then on and before that alone, as a campaign is; ms since 1970. */
  readonly from?: number | undefined;
  readonly until?: number | undefined;
  /** Shown only to requests that state one of these regions. */
  readonly territory?: readonly string[] | undefined;
  /** Shown only from `from` on and before `until`; ms since 1970. */
  readonly licence?: Licence | undefined;
  readonly ceiling?: Ceiling | undefined;
  /** The first of `items` that may be shown stands in this slot (from 0). */
  readonly pin?: { readonly slot: number } | undefined;
  /** Scores are multiplied by the one and divided by the other. */
  readonly boost?: number | undefined;
  readonly bury?: number | undefined;
  /** What is written on the item where it is shown, such as "Sponsored". */
  readonly label?: string | undefined;
}

export interface Licence {
  readonly from?: number | undefined;
  readonly until?: number | undefined;
}

/** Shown only if the attribute is at most `max`; true counts 1, false and what is not stated 0. */
export interface Ceiling {
  readonly attribute: string;
  readonly max: number;
}

const effects = ["territory", "licence", "ceiling", "pin", "boost", "bury", "label"] as const;
const scope = ["placements", "items", "filter", "from", "until"] as const;
export const ruleIdLengthMax = 64;
const factorMax = 100;
const slotMax = 199;
const itemsMax = 1_000;

/** Throws a RequestError that names the field. */
export function ruleOf(document: Fields, version: number): Rule {
  const { id, kind: _kind, version: _version, ...fields } = document;
  assertKnown(fields, [...scope, ...effects]);
  if (!effects.some((effect) => fields[effect] !== undefined))
    throw new RequestError("rule", `must have an effect: one of ${effects.join(", ")}`);
  const read: Rule = {
    id: textOf(id, "id", ruleIdLengthMax),
    version,
    placements: given(fields["placements"], (it) => textsOf(it, "placements", 64, 64)),
    items: given(fields["items"], (it) => textsOf(it, "items", itemsMax, 256)),
    filter: given(fields["filter"], filterText),
    from: given(fields["from"], (it) => timeOf(it, "from")),
    until: given(fields["until"], (it) => timeOf(it, "until")),
    territory: given(fields["territory"], (it) => textsOf(it, "territory", 300, 64)),
    licence: given(fields["licence"], licenceOf),
    ceiling: given(fields["ceiling"], ceilingOf),
    pin: given(fields["pin"], pinOf),
    boost: given(fields["boost"], (it) => integerOf(it, "boost", 2, factorMax)),
    bury: given(fields["bury"], (it) => integerOf(it, "bury", 2, factorMax)),
    label: given(fields["label"], (it) => textOf(it, "label", 64)),
  };
  if (read.pin !== undefined && read.items === undefined)
    throw new RequestError("items", "a pin needs the items that may stand in its slot");
  if (read.from !== undefined && read.until !== undefined && read.from >= read.until)
    throw new RequestError("until", "must be later than from");
  return read;
}

/** Whether a rule or its licence begins or ends behind `after` and up to `through`, ms. */
export function hasBorder(
  rules: Readonly<Record<string, Rule>> = {},
  after: number,
  through: number,
): boolean {
  const isCrossed = (at = -1): boolean => after < at && at <= through;
  return Object.values(rules).some(
    ({ from, until, licence }) =>
      isCrossed(from) || isCrossed(until) || isCrossed(licence?.from) || isCrossed(licence?.until),
  );
}

/** Whether the rule says anything at this time. */
export function isRunning({ from = 0, until = Infinity }: Rule, now: number): boolean {
  return from <= now && now < until;
}

function given<T>(value: unknown, read: (value: unknown) => T): T | undefined {
  return value === undefined ? undefined : read(value);
}

/** A filter of a document: kept as text, checked here once. */
export function filterText(value: unknown): string {
  if (typeof value !== "string") throw new RequestError("filter", "must be a text");
  parsed(value, "filter");
  return value;
}

function licenceOf(value: unknown): Licence {
  const fields = fieldsOf(value, "licence");
  assertKnown(fields, ["from", "until"], "licence");
  const time = (name: string): number | undefined =>
    given(fields[name], (it) => timeOf(it, `licence.${name}`));
  const licence = { from: time("from"), until: time("until") };
  if (licence.from === undefined && licence.until === undefined)
    throw new RequestError("licence", "must have from or until");
  return licence;
}

function timeOf(value: unknown, field: string): number {
  return integerOf(value, field, 0, Number.MAX_SAFE_INTEGER);
}

function ceilingOf(value: unknown): Ceiling {
  const fields = fieldsOf(value, "ceiling");
  assertKnown(fields, ["attribute", "max"], "ceiling");
  return {
    attribute: textOf(fields["attribute"], "ceiling.attribute", 64),
    max: integerOf(fields["max"], "ceiling.max", 0, 1_000_000),
  };
}

function pinOf(value: unknown): { slot: number } {
  const fields = fieldsOf(value, "pin");
  assertKnown(fields, ["slot"], "pin");
  return { slot: integerOf(fields["slot"], "pin.slot", 0, slotMax) };
}
