/**
 * The inverse of a symmetric positive definite matrix, by its Cholesky factor and the triangular inverse of
 * that. Written with + - * / and the square root alone, each sum in one fixed order, so that the same matrix
 * gives the same bits on every machine. About n^3 / 2 products; n^2 / 2 cells in all, since it works in place.
 */
import { assert } from "../../base/assert.ts";

/** The lower triangle of a symmetric matrix: row i is the cells `triangle(i)..triangle(i) + i`. */
export type Triangle = Float64Array;

/** Where row i begins, which is also how many cells the rows before it have. */
export function triangle(row: number): number {
  return (row * (row + 1)) / 2;
}

/** The cell at (a, b), which is that at (b, a). */
export function cellOf(a: number, b: number): number {
  return a < b ? triangle(b) + a : triangle(a) + b;
}

/** Work that may rest wherever it yields: the rest is done when it is asked to go on, or never. */
export type Steps<T> = Generator<void, T>;

/** Does it without a rest. */
export function whole<T>(steps: Steps<T>): T {
  for (;;) {
    const { done, value } = steps.next();
    if (done === true) return value as T;
  }
}

/** Products between two rests: some 10 ms of work. A row of 4,096 has as many, and is done in one piece. */
const productsPerStep = 1 << 23;

/** Puts the inverse in the place of the matrix. Asserts that the matrix is positive definite. */
export function invert(matrix: Triangle, size: number): void {
  whole(invertInSteps(matrix, size));
}

/** The same, with rests between rows; the products are those of `invert`, one after the other. */
export function* invertInSteps(matrix: Triangle, size: number): Steps<void> {
  assert(matrix.length === triangle(size), "a triangle has n (n + 1) / 2 cells");
  const four = new Float64Array(4);
  const sum = new Float64Array(size);
  yield* rows(
    size,
    (i) => triangle(i),
    (i) => factoriseRow(matrix, i, four),
  );
  yield* rows(
    size,
    (i) => triangle(i),
    (i) => invertFactorRow(matrix, i, sum),
  );
  yield* rows(
    size,
    (i) => (size - i) * i,
    (i) => squareRow(matrix, size, i, sum),
  );
}

/** Row after row, with a rest after so many products. */
function* rows(
  size: number,
  productsOf: (row: number) => number,
  take: (row: number) => void,
): Steps<void> {
  let products = 0;
  for (let row = 0; row < size; row++) {
    take(row);
    products += productsOf(row);
    if (products < productsPerStep) continue;
    products = 0;
    yield;
  }
}

/** A = L L', row by row: a cell takes the inner product of two rows that stand whole to its left. */
function factoriseRow(cells: Triangle, i: number, products: Float64Array): void {
  const row = triangle(i);
  for (let j = 0; j < i; j += 4) {
    const end = Math.min(j + 4, i);
    if (end === j + 4) innerProducts(cells, row, j, products);
    else for (let k = j; k < end; k++) products[k - j] = innerProduct(cells, row, triangle(k), j);
    for (let k = j; k < end; k++) {
      const other = triangle(k);
      let left = cells[row + k]! - products[k - j]!;
      for (let at = j; at < k; at++) left -= cells[row + at]! * cells[other + at]!;
      cells[row + k] = left / cells[other + k]!;
    }
  }
  const left = cells[row + i]! - innerProduct(cells, row, row, i);
  assert(left > 0, "the matrix is positive definite");
  cells[row + i] = Math.sqrt(left);
}

function innerProduct(cells: Triangle, a: number, b: number, length: number): number {
  let sum = 0;
  for (let k = 0; k < length; k++) sum += cells[a + k]! * cells[b + k]!;
  return sum;
}

/**
 * Of the first j cells of a row with those of the rows j to j + 3: four sums side by side, since one would wait
 * for its own last addition, and the row is read once for all of them.
 */
function innerProducts(cells: Triangle, row: number, j: number, products: Float64Array): void {
  const row0 = triangle(j);
  const row1 = row0 + j + 1;
  const row2 = row1 + j + 2;
  const row3 = row2 + j + 3;
  let sum0 = 0;
  let sum1 = 0;
  let sum2 = 0;
  let sum3 = 0;
  for (let k = 0; k < j; k++) {
    const cell = cells[row + k]!;
    sum0 += cell * cells[row0 + k]!;
    sum1 += cell * cells[row1 + k]!;
    sum2 += cell * cells[row2 + k]!;
    sum3 += cell * cells[row3 + k]!;
  }
  products[0] = sum0;
  products[1] = sum1;
  products[2] = sum2;
  products[3] = sum3;
}

/** M = L^-1: row i is -(1 / L[i][i]) times the sum of L[i][k] x row k of M, k below i. */
function invertFactorRow(cells: Triangle, i: number, sum: Float64Array): void {
  const row = triangle(i);
  sum.fill(0, 0, i);
  let k = 0;
  for (; k + 3 < i; k += 4) {
    const at = row + k;
    addRows(sum, cells, k, k + 1, cells[at]!, cells[at + 1]!, cells[at + 2]!, cells[at + 3]!);
    // The lower three rows reach beyond the first one's end.
    for (let below = k + 1; below < k + 4; below++) {
      const by = cells[row + below]!;
      for (let j = k + 1; j <= below; j++) sum[j] = sum[j]! + by * cells[triangle(below) + j]!;
    }
  }
  for (; k < i; k++) addRow(sum, cells, k, k + 1, cells[row + k]!);
  const scale = 1 / cells[row + i]!;
  for (let j = 0; j < i; j++) cells[row + j] = -(sum[j]! * scale);
  cells[row + i] = scale;
}

/** P = M' M: row i is the sum of M[k][i] x the first i + 1 cells of row k, k from i on; no later row asks for row i. */
function squareRow(cells: Triangle, size: number, i: number, sum: Float64Array): void {
  sum.fill(0, 0, i + 1);
  let k = i;
  for (; k + 3 < size; k += 4) {
    const at = triangle(k) + i;
    const [second, third, fourth] = [at + k + 1, at + 2 * k + 3, at + 3 * k + 6];
    addRows(sum, cells, k, i + 1, cells[at]!, cells[second]!, cells[third]!, cells[fourth]!);
  }
  for (; k < size; k++) addRow(sum, cells, k, i + 1, cells[triangle(k) + i]!);
  cells.set(sum.subarray(0, i + 1), triangle(i));
}

function addRow(sum: Float64Array, cells: Triangle, k: number, length: number, by: number): void {
  const row = triangle(k);
  for (let j = 0; j < length; j++) sum[j] = sum[j]! + by * cells[row + j]!;
}

/** Four rows from row k on in one pass, each times its factor: a cell of the sum is read and written once. */
function addRows(
  sum: Float64Array,
  cells: Triangle,
  k: number,
  length: number,
  by0: number,
  by1: number,
  by2: number,
  by3: number,
): void {
  const row0 = triangle(k);
  const row1 = row0 + k + 1;
  const row2 = row1 + k + 2;
  const row3 = row2 + k + 3;
  for (let j = 0; j < length; j++) {
    const first = by0 * cells[row0 + j]! + by1 * cells[row1 + j]!;
    const second = by2 * cells[row2 + j]! + by3 * cells[row3 + j]!;
    sum[j] = sum[j]! + (first + second);
  }
}
