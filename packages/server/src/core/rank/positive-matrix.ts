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

/** Products between two rests: some .8 ms of work, less than what a scheduler lets a thread have at a time. */
const productsPerStep = 1 << 21;

/**
 * Rows that are made side by side, a multiple of 4: each four finished rows that they hang on are fetched once for all of
 * them. Row by row the whole triangle would pass through the caches for every row, and nothing else would stay there.
 */
const panelRows = 16;

/** Puts the inverse in the place of the matrix. Asserts that the matrix is positive definite. */
export function invert(matrix: Triangle, size: number): void {
  whole(invertInSteps(matrix, size));
}

/** The same, with rests; the products are those of `invert`, one after the other. */
export function* invertInSteps(matrix: Triangle, size: number): Steps<void> {
  assert(matrix.length === triangle(size), "a triangle has n (n + 1) / 2 cells");
  const sums = Array.from({ length: panelRows }, () => new Float64Array(size));
  let products = 0;
  for (const made of parts(matrix, size, sums)) {
    products += made;
    if (products < productsPerStep) continue;
    products = 0;
    yield;
  }
}

/** Work in small parts, each of so many products. */
type Parts = Generator<number, void>;

function* parts(cells: Triangle, size: number, sums: readonly Float64Array[]): Parts {
  for (let top = 0; top < size; top += panelRows)
    yield* factorise(cells, top, Math.min(top + panelRows, size));
  for (let top = 0; top < size; top += panelRows)
    yield* invertFactor(cells, top, Math.min(top + panelRows, size), sums);
  for (let top = 0; top < size; top += panelRows)
    yield* square(cells, size, top, Math.min(top + panelRows, size), sums);
}

/** A = L L': a cell takes the inner product of two rows that stand whole to its left. */
function* factorise(cells: Triangle, top: number, bottom: number): Parts {
  const products = new Float64Array(8);
  for (let j = 0; j < top; j += 4) {
    let i = top;
    for (; i + 1 < bottom; i += 2) {
      innerProducts(cells, triangle(i), triangle(i + 1), j, products);
      subtractProducts(cells, i, j, j + 4, products, 0);
      subtractProducts(cells, i + 1, j, j + 4, products, 4);
    }
    if (i < bottom) factoriseCells(cells, i, j, j + 4, products);
    yield (bottom - top) * 4 * j;
  }
  for (let i = top; i < bottom; i++) {
    for (let j = top; j < i; j += 4) factoriseCells(cells, i, j, Math.min(j + 4, i), products);
    const row = triangle(i);
    const left = cells[row + i]! - innerProduct(cells, row, row, i);
    assert(left > 0, "the matrix is positive definite");
    cells[row + i] = Math.sqrt(left);
    yield i;
  }
}

/** The cells of row i from column j on, four or fewer, from those before them and the rows above. */
function factoriseCells(
  cells: Triangle,
  i: number,
  j: number,
  end: number,
  products: Float64Array,
): void {
  const row = triangle(i);
  if (end === j + 4) innerProducts(cells, row, row, j, products);
  else for (let k = j; k < end; k++) products[k - j] = innerProduct(cells, row, triangle(k), j);
  subtractProducts(cells, i, j, end, products, 0);
}

/** The same, with the products of what stands before column j; they begin at `from`. */
function subtractProducts(
  cells: Triangle,
  i: number,
  j: number,
  end: number,
  products: Float64Array,
  from: number,
): void {
  const row = triangle(i);
  for (let k = j; k < end; k++) {
    const other = triangle(k);
    let left = cells[row + k]! - products[from + k - j]!;
    for (let at = j; at < k; at++) left -= cells[row + at]! * cells[other + at]!;
    cells[row + k] = left / cells[other + k]!;
  }
}

function innerProduct(cells: Triangle, a: number, b: number, length: number): number {
  let sum = 0;
  for (let k = 0; k < length; k++) sum += cells[a + k]! * cells[b + k]!;
  return sum;
}

/**
 * Of the first j cells of two rows with those of the rows j to j + 3, four and four: eight sums side by side keep the
 * processor's adders full, where one would wait for its own last addition, and each row is read once for all of them.
 */
function innerProducts(
  cells: Triangle,
  upper: number,
  lower: number,
  j: number,
  products: Float64Array,
): void {
  const row0 = triangle(j);
  const row1 = row0 + j + 1;
  const row2 = row1 + j + 2;
  const row3 = row2 + j + 3;
  let upper0 = 0;
  let upper1 = 0;
  let upper2 = 0;
  let upper3 = 0;
  let lower0 = 0;
  let lower1 = 0;
  let lower2 = 0;
  let lower3 = 0;
  for (let k = 0; k < j; k++) {
    const above = cells[upper + k]!;
    const below = cells[lower + k]!;
    const cell0 = cells[row0 + k]!;
    const cell1 = cells[row1 + k]!;
    upper0 += above * cell0;
    lower0 += below * cell0;
    upper1 += above * cell1;
    lower1 += below * cell1;
    const cell2 = cells[row2 + k]!;
    const cell3 = cells[row3 + k]!;
    upper2 += above * cell2;
    lower2 += below * cell2;
    upper3 += above * cell3;
    lower3 += below * cell3;
  }
  products[0] = upper0;
  products[1] = upper1;
  products[2] = upper2;
  products[3] = upper3;
  products[4] = lower0;
  products[5] = lower1;
  products[6] = lower2;
  products[7] = lower3;
}

/** M = L^-1: row i is -(1 / L[i][i]) times the sum of L[i][k] x row k of M, k below i. */
function* invertFactor(
  cells: Triangle,
  top: number,
  bottom: number,
  sums: readonly Float64Array[],
): Parts {
  const by = new Float64Array(8);
  for (let i = top; i < bottom; i++) sums[i - top]!.fill(0, 0, i);
  for (let k = 0; k < top; k += 4) {
    let i = top;
    for (; i + 1 < bottom; i += 2)
      addFactorRowsToTwo(sums[i - top]!, sums[i + 1 - top]!, cells, i, k, by);
    if (i < bottom) addFactorRows(sums[i - top]!, cells, i, k);
    yield (bottom - top) * 4 * k;
  }
  for (let i = top; i < bottom; i++) {
    const [sum, row] = [sums[i - top]!, triangle(i)];
    let k = top;
    for (; k + 3 < i; k += 4) addFactorRows(sum, cells, i, k);
    for (; k < i; k++) addRow(sum, cells, k, k + 1, cells[row + k]!);
    const scale = 1 / cells[row + i]!;
    for (let j = 0; j < i; j++) cells[row + j] = -(sum[j]! * scale);
    cells[row + i] = scale;
    yield i;
  }
}

/** The rows k to k + 3 of M, each times its cell of row i of L. */
function addFactorRows(sum: Float64Array, cells: Triangle, i: number, k: number): void {
  const at = triangle(i) + k;
  addRows(sum, cells, k, 0, k + 1, cells[at]!, cells[at + 1]!, cells[at + 2]!, cells[at + 3]!);
  addTips(sum, cells, i, k);
}

/** Rows i and i + 1 of L. */
function addFactorRowsToTwo(
  sum: Float64Array,
  next: Float64Array,
  cells: Triangle,
  i: number,
  k: number,
  by: Float64Array,
): void {
  const [at, below] = [triangle(i) + k, triangle(i + 1) + k];
  for (let n = 0; n < 4; n++) {
    by[n] = cells[at + n]!;
    by[4 + n] = cells[below + n]!;
  }
  addRowsToTwo(sum, next, cells, k, k + 1, by);
  addTips(sum, cells, i, k);
  addTips(next, cells, i + 1, k);
}

/** Where the rows k + 1 to k + 3 of M reach beyond row k. */
function addTips(sum: Float64Array, cells: Triangle, i: number, k: number): void {
  const row = triangle(i);
  for (let below = k + 1; below < k + 4; below++) {
    const by = cells[row + below]!;
    for (let j = k + 1; j <= below; j++) sum[j] = sum[j]! + by * cells[triangle(below) + j]!;
  }
}

/**
 * P = M' M: row i is the sum of M[k][i] x the first i + 1 cells of row k, k from i on, four by four. Rows that stand four
 * apart meet the same fours. No row below asks for row i of M, but its neighbours in the panel do: they are written together.
 */
function* square(
  cells: Triangle,
  size: number,
  top: number,
  bottom: number,
  sums: readonly Float64Array[],
): Parts {
  const by = new Float64Array(8);
  for (let i = top; i < bottom; i++) sums[i - top]!.fill(0, 0, i + 1);
  for (let first = top; first < Math.min(top + 4, bottom); first++) {
    for (let k = first; k < size; k += 4) {
      const end = Math.min(bottom, k + 1);
      let i = first;
      if (k + 3 < size)
        for (; i + 4 < end; i += 8)
          addSquaresToTwo(sums[i - top]!, sums[i + 4 - top]!, cells, i, k, by);
      for (; i < end; i += 4) addSquares(sums[i - top]!, cells, size, i, k);
      yield (bottom - top) * bottom;
    }
  }
  for (let i = top; i < bottom; i++) cells.set(sums[i - top]!.subarray(0, i + 1), triangle(i));
}

/** The rows k to k + 3 of M as far as there are any, each times its cell in column i. */
function addSquares(sum: Float64Array, cells: Triangle, size: number, i: number, k: number): void {
  if (k + 3 < size) {
    const at = triangle(k) + i;
    const [second, third, fourth] = [at + k + 1, at + 2 * k + 3, at + 3 * k + 6];
    addRows(sum, cells, k, 0, i + 1, cells[at]!, cells[second]!, cells[third]!, cells[fourth]!);
  } else
    for (let one = k; one < size; one++) addRow(sum, cells, one, i + 1, cells[triangle(one) + i]!);
}

/** The columns i and i + 4. */
function addSquaresToTwo(
  sum: Float64Array,
  next: Float64Array,
  cells: Triangle,
  i: number,
  k: number,
  by: Float64Array,
): void {
  for (let n = 0; n < 4; n++) {
    const at = triangle(k + n) + i;
    by[n] = cells[at]!;
    by[4 + n] = cells[at + 4]!;
  }
  addRowsToTwo(sum, next, cells, k, i + 1, by);
  addRows(next, cells, k, i + 1, i + 5, by[4]!, by[5]!, by[6]!, by[7]!);
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
  from: number,
  end: number,
  by0: number,
  by1: number,
  by2: number,
  by3: number,
): void {
  const row0 = triangle(k);
  const row1 = row0 + k + 1;
  const row2 = row1 + k + 2;
  const row3 = row2 + k + 3;
  for (let j = from; j < end; j++) {
    const first = by0 * cells[row0 + j]! + by1 * cells[row1 + j]!;
    const second = by2 * cells[row2 + j]! + by3 * cells[row3 + j]!;
    sum[j] = sum[j]! + (first + second);
  }
}

/** To two sums, each with four factors of its own: the four rows are read once for both. */
function addRowsToTwo(
  sum: Float64Array,
  next: Float64Array,
  cells: Triangle,
  k: number,
  length: number,
  by: Float64Array,
): void {
  const row0 = triangle(k);
  const row1 = row0 + k + 1;
  const row2 = row1 + k + 2;
  const row3 = row2 + k + 3;
  const by0 = by[0]!;
  const by1 = by[1]!;
  const by2 = by[2]!;
  const by3 = by[3]!;
  const next0 = by[4]!;
  const next1 = by[5]!;
  const next2 = by[6]!;
  const next3 = by[7]!;
  for (let j = 0; j < length; j++) {
    const cell0 = cells[row0 + j]!;
    const cell1 = cells[row1 + j]!;
    const cell2 = cells[row2 + j]!;
    const cell3 = cells[row3 + j]!;
    sum[j] = sum[j]! + (by0 * cell0 + by1 * cell1 + (by2 * cell2 + by3 * cell3));
    next[j] = next[j]! + (next0 * cell0 + next1 * cell1 + (next2 * cell2 + next3 * cell3));
  }
}
