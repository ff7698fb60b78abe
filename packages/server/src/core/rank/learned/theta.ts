/**
 * The weights of the ranker, a view of its sums: ridge regression drawn to a committed prior,
 *
 *   theta = (A + lambda I)^-1 (b + lambda theta0)
 *
 * by Cholesky in a fixed order with + - * / and sqrt alone, which IEEE 754 rounds correctly, and rounded to
 * whole numbers: equal sums give equal weights on every engine. The prior is the blend's own order, so while
 * there are few rows the answer is next to what it would be without a ranker. That a play is heard to the end or
 * skipped is drawn to no guess. Positions are learned along and left out: all candidates are weighed as in one slot.
 */
import { ByteReader, ByteWriter } from "../../../base/bytes.ts";
import { type RankerHead, rankerHeads } from "../../fold/contribution.ts";
import { cellOf, columnCount, featureCount, type RankerSum, rightSide } from "../../sum/ranker.ts";
import { featureVersion } from "./groups.ts";
import { linearMax } from "./features.ts";
import { type Objectives, objectivesDefault } from "./objectives.ts";

/** A prediction of 1, in weights and scores. */
export const thetaOne = 1 << 20;
const weightMax = 2 ** 22;
/** Worths are thousandths. */
const worthOne = 1_000;
const lambda = 3_000;
/** Below so many rows chance outweighs what they say: the blend's order stands. */
export const rowsMin = 500;

/** Weights by feature; of a head with too few rows there are none. */
export interface HeadWeights extends Readonly<Partial<Record<RankerHead, Int32Array | undefined>>> {
  readonly take: Int32Array;
}

/** The weights of a tenant's placements at one position: named by it, never patched, made again at will. */
export class ThetaView {
  /** Commit whose sums it was solved from. */
  readonly seq: number;
  /** Running digest of those sums. */
  readonly digest: string;
  readonly #weights: ReadonlyMap<string, HeadWeights>;
  /** By placement: its heads as they were weighed last, which is for every answer alike until its worths change. */
  readonly #weighed = new Map<string, { worth: Objectives; weights: Int32Array }>();

  constructor(seq: number, digest: string, weights: ReadonlyMap<string, HeadWeights>) {
    this.seq = seq;
    this.digest = digest;
    this.#weights = weights;
  }

  /** As decisions name it. */
  get name(): string {
    return `ranker@${this.seq}`;
  }

  /** No placement had rows enough. */
  get isEmpty(): boolean {
    return this.#weights.size === 0;
  }

  /** By feature, each head times its worth; undefined for a placement with too few rows. */
  weights(placement: string, worth: Objectives = objectivesDefault): Int32Array | undefined {
    const heads = this.#weights.get(placement);
    if (heads === undefined) return undefined;
    const known = this.#weighed.get(placement);
    if (known?.worth === worth) return known.weights;
    const weights = weighed(heads, worth);
    this.#weighed.set(placement, { worth, weights });
    return weights;
  }

  encode(): Uint8Array<ArrayBuffer> {
    const writer = new ByteWriter(4_096);
    writer.varint(this.seq);
    writer.text(this.digest);
    writer.varint(this.#weights.size);
    for (const [placement, heads] of this.#weights) {
      writer.text(placement);
      for (const head of rankerHeads) {
        const weights = heads[head];
        writer.varint(weights?.length ?? 0);
        for (const weight of weights ?? []) writer.zigzag(weight);
      }
    }
    return writer.finish();
  }

  static decode(bytes: Uint8Array): ThetaView {
    const reader = new ByteReader(bytes);
    const [seq, digest] = [reader.varint(), reader.text()];
    const weights = new Map<string, HeadWeights>();
    const read = (): Int32Array | undefined => {
      const length = reader.varint();
      return length === 0 ? undefined : Int32Array.from({ length }, () => reader.zigzag());
    };
    for (let left = reader.varint(); left > 0; left--) {
      const placement = reader.text();
      const [take, complete, skip] = [read(), read(), read()];
      weights.set(placement, { take: take!, complete, skip });
    }
    reader.expectEnd();
    return new ThetaView(seq, digest, weights);
  }
}

function weighed({ take, complete, skip }: HeadWeights, worth: Objectives): Int32Array {
  if (complete === undefined && skip === undefined && worth.take === worthOne) return take;
  const part = (weights: Int32Array | undefined, at: number, times: number): number =>
    weights === undefined ? 0 : weights[at]! * times;
  return take.map((weight, at) =>
    Math.round(
      (weight * worth.take + part(complete, at, worth.complete) + part(skip, at, worth.skip)) /
        worthOne,
    ),
  );
}

/** The seq in the name of such a view; undefined for the name of anything else. */
export function thetaSeq(name: string): number | undefined {
  const [, digits] = /^ranker@(\d{1,15})$/.exec(name) ?? [];
  return digits === undefined ? undefined : Number(digits);
}

/** Solves every placement that has rows enough, as of commit `seq`. */
export function solveThetas(sum: RankerSum, seq: number): ThetaView {
  const weights = new Map<string, HeadWeights>();
  for (const placement of sum.placements(featureVersion)) {
    const take = solveTheta(sum, placement);
    if (take === undefined) continue;
    const [complete, skip] = [
      solveTheta(sum, placement, "complete"),
      solveTheta(sum, placement, "skip"),
    ];
    weights.set(placement, { take, complete, skip });
  }
  return new ThetaView(seq, sum.digest(), weights);
}

/** Weights by feature; undefined while a head has too few rows. */
export function solveTheta(
  sum: RankerSum,
  placement: string,
  head: RankerHead = "take",
): Int32Array | undefined {
  const system = sum.system(placement, featureVersion, head);
  if (system === undefined || sum.rows(placement, featureVersion, head) < rowsMin) return undefined;
  const lower = cholesky(system);
  const y = new Float64Array(columnCount);
  for (let i = 0; i < columnCount; i++) {
    let rest = system[rightSide + i]! + lambda * (i === 0 && head === "take" ? 1 / linearMax : 0);
    for (let k = 0; k < i; k++) rest -= lower[cellOf(i, k)]! * y[k]!;
    y[i] = rest / lower[cellOf(i, i)]!;
  }
  for (let i = columnCount - 1; i >= 0; i--) {
    let rest = y[i]!;
    for (let k = i + 1; k < columnCount; k++) rest -= lower[cellOf(k, i)]! * y[k]!;
    y[i] = rest / lower[cellOf(i, i)]!;
  }
  return Int32Array.from(y.subarray(0, featureCount), (weight) =>
    Math.max(-weightMax, Math.min(weightMax, Math.round(weight * thetaOne))),
  );
}

/** L of A + lambda I = L L', as a lower triangle. */
function cholesky(system: Float64Array): Float64Array {
  const lower = system.slice(0, rightSide);
  for (let i = 0; i < columnCount; i++) {
    const row = cellOf(i, 0);
    for (let j = 0; j <= i; j++) {
      const other = cellOf(j, 0);
      let rest = lower[row + j]! + (i === j ? lambda : 0);
      for (let k = 0; k < j; k++) rest -= lower[row + k]! * lower[other + k]!;
      lower[row + j] = i === j ? Math.sqrt(rest) : rest / lower[other + j]!;
    }
  }
  return lower;
}
