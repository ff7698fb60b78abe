/**
 * The weights of the ranker, a view of its sums: ridge regression drawn to a committed prior,
 *
 *   theta = (A + lambda I)^-1 (b + lambda theta0)
 *
 * by Cholesky in a fixed order with + - * / and sqrt alone, which IEEE 754 rounds correctly, and rounded to
 * whole numbers: equal sums give equal weights on every engine. The prior is the blend's own order, so while
 * there are few rows the answer is next to what it would be without a ranker.
 */
import { ByteReader, ByteWriter } from "../../../base/bytes.ts";
import { cellOf, featureCount, type RankerSum, rightSide } from "../../sum/ranker.ts";
import { featureVersion } from "./groups.ts";
import { linearMax } from "./features.ts";

/** A prediction of 1, in weights and scores. */
export const thetaOne = 1 << 20;
const weightMax = 2 ** 22;
const lambda = 3_000;
/** Below so many rows chance outweighs what they say: the blend's order stands. */
export const rowsMin = 500;

/** The weights of a tenant's placements at one position: named by it, never patched, made again at will. */
export class ThetaView {
  /** Commit whose sums it was solved from. */
  readonly seq: number;
  /** Running digest of those sums. */
  readonly digest: string;
  readonly #weights: ReadonlyMap<string, Int32Array>;

  constructor(seq: number, digest: string, weights: ReadonlyMap<string, Int32Array>) {
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

  /** By feature; undefined for a placement with too few rows. */
  weights(placement: string): Int32Array | undefined {
    return this.#weights.get(placement);
  }

  encode(): Uint8Array<ArrayBuffer> {
    const writer = new ByteWriter(4_096);
    writer.varint(this.seq);
    writer.text(this.digest);
    writer.varint(this.#weights.size);
    for (const [placement, weights] of this.#weights) {
      writer.text(placement);
      for (const weight of weights) writer.zigzag(weight);
    }
    return writer.finish();
  }

  static decode(bytes: Uint8Array): ThetaView {
    const reader = new ByteReader(bytes);
    const [seq, digest] = [reader.varint(), reader.text()];
    const weights = new Map<string, Int32Array>();
    for (let left = reader.varint(); left > 0; left--) {
      const placement = reader.text();
      weights.set(
        placement,
        Int32Array.from({ length: featureCount }, () => reader.zigzag()),
      );
    }
    reader.expectEnd();
    return new ThetaView(seq, digest, weights);
  }
}

/** The seq in the name of such a view; undefined for the name of anything else. */
export function thetaSeq(name: string): number | undefined {
  const [, digits] = /^ranker@(\d{1,15})$/.exec(name) ?? [];
  return digits === undefined ? undefined : Number(digits);
}

/** Solves every placement that has rows enough, as of commit `seq`. */
export function solveThetas(sum: RankerSum, seq: number): ThetaView {
  const weights = new Map<string, Int32Array>();
  for (const placement of sum.placements(featureVersion)) {
    const theta = solveTheta(sum, placement);
    if (theta !== undefined) weights.set(placement, theta);
  }
  return new ThetaView(seq, sum.digest(), weights);
}

/** Weights by feature; undefined while a placement has too few rows. */
export function solveTheta(sum: RankerSum, placement: string): Int32Array | undefined {
  const system = sum.system(placement, featureVersion);
  if (system === undefined || sum.rows(placement, featureVersion) < rowsMin) return undefined;
  const lower = cholesky(system);
  const y = new Float64Array(featureCount);
  for (let i = 0; i < featureCount; i++) {
    let rest = system[rightSide + i]! + lambda * (i === 0 ? 1 / linearMax : 0);
    for (let k = 0; k < i; k++) rest -= lower[cellOf(i, k)]! * y[k]!;
    y[i] = rest / lower[cellOf(i, i)]!;
  }
  for (let i = featureCount - 1; i >= 0; i--) {
    let rest = y[i]!;
    for (let k = i + 1; k < featureCount; k++) rest -= lower[cellOf(k, i)]! * y[k]!;
    y[i] = rest / lower[cellOf(i, i)]!;
  }
  return Int32Array.from(y, (weight) =>
    Math.max(-weightMax, Math.min(weightMax, Math.round(weight * thetaOne))),
  );
}

/** L of A + lambda I = L L', as a lower triangle. */
function cholesky(system: Float64Array): Float64Array {
  const lower = system.slice(0, rightSide);
  for (let i = 0; i < featureCount; i++) {
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
