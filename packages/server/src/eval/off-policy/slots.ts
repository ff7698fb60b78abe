/**
 * From logged lists to rows: slot by slot, a list that was shown beside the list that is asked about. A slot
 * that was not drawn by chance says nothing of another item in its place; such slots are named, never guessed.
 *
 * The item at a slot is taken to earn what it earns there whatever stands elsewhere (the item-position model of
 * Li et al. 2018), so a slot drawn alone has the weight [same item] / propensity. Slots drawn one after another
 * without replacement depend on each other: there the weight is the product down to the slot (McInerney et al. 2020).
 * A slot is open when the item asked about could have been drawn there: it is among what the slot is drawn from or,
 * where nobody knows what that is, stands in no slot that was not drawn.
 */
import { estimate, type EstimateOptions, type OffPolicyReport, z } from "./estimate.ts";
import type { Row } from "./estimators.ts";
import { crossFit } from "./reward-model.ts";

export interface LoggedAnswer {
  /** Number of the person: answers of one are not independent. */
  cluster: number;
  slots: readonly LoggedSlot[];
  /** What the configuration that is asked about would have shown. */
  target: readonly { item: string; propensity: number }[];
}

export interface LoggedSlot {
  item: string;
  propensity: number;
  reward: number;
  /** What it is drawn from if chance picks it, whatever the other slots get; empty: it never is. Absent: unknown. */
  arms?: readonly string[] | undefined;
  /**
   * What all slots with a pool are drawn from, one after another without replacement; `arms` do not count then. The
   * last of them has nothing left to choose from: drawn, too, with propensity 1.
   */
  pool?: readonly string[] | undefined;
}

/** Per answer, with a 95 % interval. */
export interface PerAnswer {
  value: number;
  plusMinus: number;
}

export interface SlotReport {
  answers: number;
  people: number;
  /** Slots that were shown, those of them where both lists agree, and those drawn by chance. */
  shown: number;
  agreeing: number;
  drawn: number;
  /** Slots of the judged places, and those of them that are open: of these alone is anything said. */
  atJudged: number;
  open: number;
  /** 0-based places: estimated; the same in every answer; and different, but hardly or never drawn. */
  judged: number[];
  equal: number[];
  unsupported: number[];
  /** What was logged: on all slots, on the open judged ones, and on the equal ones, which the target earns as well. */
  logged: { all: PerAnswer; judged: PerAnswer; equal: PerAnswer };
  /** Of the judged slots together, per answer. Absent when nothing was drawn. */
  target?: OffPolicyReport | undefined;
  refusal?: "no answers" | "no exploration" | "target explores" | "little support" | undefined;
}

/** Fewer drawn open slots at a place are no sample of it. */
export const drawnMin = 50;

export function judgeSlots(
  answers: readonly LoggedAnswer[],
  options: EstimateOptions = {},
): SlotReport {
  const places = placesOf(answers);
  const pick = (kind: PlaceKind) =>
    places.flatMap((place, k) => (kindOf(place) === kind ? [k] : []));
  const [judged, equal, unsupported] = [pick("judged"), pick("equal"), pick("unsupported")];
  const total = (of: (place: Place) => number, among = places) =>
    among.reduce((sum, one) => sum + of(one), 0);
  const placesJudged = judged.map((k) => places[k]!);
  const report: SlotReport = {
    answers: answers.length,
    people: new Set(answers.map(({ cluster }) => cluster)).size,
    shown: total(({ shown }) => shown),
    agreeing: total(({ agreeing }) => agreeing),
    drawn: total(({ drawn }) => drawn),
    atJudged: total(({ shown }) => shown, placesJudged),
    open: total(({ open }) => open, placesJudged),
    judged,
    equal,
    unsupported,
    logged: {
      all: loggedPerAnswer(answers, () => true),
      judged: loggedPerAnswer(answers, (k, answer) => judged.includes(k) && isOpen(answer, k)),
      equal: loggedPerAnswer(answers, (k) => equal.includes(k)),
    },
  };
  if (answers.length === 0) return { ...report, refusal: "no answers" };
  if (answers.some(({ target }) => target.some(({ propensity }) => propensity < 1)))
    return { ...report, refusal: "target explores" };
  // Equal everywhere: nothing has to be estimated, the log is the answer.
  if (equal.length === places.length) return report;
  if (judged.length === 0) return { ...report, refusal: "no exploration" };
  const target = estimate(rowsOf(answers, places), options);
  return {
    ...report,
    target,
    refusal: target.refusal === undefined ? undefined : "little support",
  };
}

interface Place {
  shown: number;
  drawn: number;
  agreeing: number;
  open: number;
  openDrawn: number;
}
type PlaceKind = "judged" | "equal" | "unsupported";

function kindOf({ shown, openDrawn, agreeing }: Place): PlaceKind {
  if (agreeing === shown) return "equal";
  return openDrawn >= drawnMin ? "judged" : "unsupported";
}

function placesOf(answers: readonly LoggedAnswer[]): Place[] {
  const places: Place[] = [];
  for (const answer of answers) {
    const { slots, target } = answer;
    slots.forEach((slot, k) => {
      const place = (places[k] ??= { shown: 0, drawn: 0, agreeing: 0, open: 0, openDrawn: 0 });
      place.shown += 1;
      if (isOpen(answer, k)) {
        place.open += 1;
        if (isDrawn(slot)) place.openDrawn += 1;
      }
      if (isDrawn(slot)) place.drawn += 1;
      if (target[k]?.item === slot.item) place.agreeing += 1;
    });
  }
  return places;
}

/**
 * Whether the asked list's item could have been drawn at a place, and those above it in the same run of drawn
 * slots: none of them stands where nothing was drawn. Decided by the request alone, never by what was drawn.
 */
function isOpen({ slots, target }: LoggedAnswer, place: number): boolean {
  const { arms, pool } = slots[place]!;
  if (pool !== undefined) {
    const wanted = target.slice(0, place + 1).filter((_, k) => slots[k]!.pool !== undefined);
    return place < target.length && wanted.every(({ item }) => pool.includes(item));
  }
  if (arms !== undefined) return arms.some((item) => item === target[place]?.item);
  const isInRun = (k: number): boolean => k === place || slots[k]!.propensity < 1;
  let from = place;
  while (from > 0 && slots[place]!.propensity < 1 && isInRun(from - 1)) from--;
  for (let k = from; k <= place; k++) {
    const wanted = target[k]?.item;
    if (wanted === undefined) return false;
    if (slots.some(({ item }, other) => item === wanted && !isInRun(other))) return false;
  }
  return true;
}

function loggedPerAnswer(
  answers: readonly LoggedAnswer[],
  counts: (place: number, answer: LoggedAnswer) => boolean,
): PerAnswer {
  const byPerson = new Map<number, { reward: number; answers: number }>();
  let reward = 0;
  for (const answer of answers) {
    const { cluster, slots } = answer;
    const person = byPerson.get(cluster) ?? { reward: 0, answers: 0 };
    byPerson.set(cluster, person);
    person.answers += 1;
    slots.forEach((slot, k) => {
      if (!counts(k, answer)) return;
      person.reward += slot.reward;
      reward += slot.reward;
    });
  }
  const value = answers.length === 0 ? 0 : reward / answers.length;
  let squares = 0;
  for (const person of byPerson.values()) squares += (person.reward - value * person.answers) ** 2;
  return { value, plusMinus: answers.length === 0 ? 0 : (z * Math.sqrt(squares)) / answers.length };
}

/** A slot drawn by chance, before the places are weighed against each other. */
interface DrawnSlot {
  place: number;
  item: number;
  targetItem: number;
  reward: number;
  weight: number;
  weightAbove: number;
  cluster: number;
}

/**
 * One row a drawn open slot of a judged place. Of place k only d_k of s_k open slots were drawn, and they stand for
 * all: rewards are scaled by (rows x s_k) / (d_k x answers), so the mean over the rows is the value per answer.
 */
function rowsOf(answers: readonly LoggedAnswer[], places: readonly Place[]): Row[] {
  const items = new Map<string, number>();
  const numberOf = (item: string): number => {
    const known = items.get(item);
    if (known === undefined) items.set(item, items.size);
    return known ?? items.size - 1;
  };
  const drawn = answers
    .flatMap((answer) => drawnSlots(answer, numberOf))
    .filter(({ place }) => kindOf(places[place]!) === "judged");
  const models = crossFit(drawn);
  return drawn.map(({ place, item, targetItem, reward, weight, weightAbove, cluster }, i) => {
    const { open, openDrawn } = places[place]!;
    const scale = (drawn.length * open) / (openDrawn * answers.length);
    const model = models[i]!;
    return {
      reward: scale * reward,
      weight,
      qLogged: scale * model(item),
      qTarget: scale * weightAbove * model(targetItem),
      cluster,
    };
  });
}

function drawnSlots(answer: LoggedAnswer, numberOf: (item: string) => number): DrawnSlot[] {
  const { cluster, slots, target } = answer;
  const drawn: DrawnSlot[] = [];
  let weightAbove = 1;
  // Of a pool: slots of other kinds may stand between those that are drawn from it.
  let weightOfPool = 1;
  slots.forEach((slot, place) => {
    const { item, propensity, reward, arms, pool } = slot;
    const wanted = target[place]?.item;
    if (!isDrawn(slot) || arms !== undefined) weightAbove = 1;
    if (pool !== undefined) weightAbove = weightOfPool;
    if (!isDrawn(slot) || wanted === undefined || !isOpen(answer, place)) return;
    const weight = wanted === item ? weightAbove / propensity : 0;
    const targetItem = numberOf(wanted);
    drawn.push({ place, item: numberOf(item), targetItem, reward, weight, weightAbove, cluster });
    if (pool === undefined) weightAbove = weight;
    else weightOfPool = weight;
  });
  return drawn;
}

function isDrawn({ propensity, pool }: LoggedSlot): boolean {
  return propensity < 1 || pool !== undefined;
}
