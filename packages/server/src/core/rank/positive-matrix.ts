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

/** Puts the inverse in the place of the matrix. Asserts that the matrix is positive definite. */
export function invert(matrix: Triangle, size: number): void {
  assert(matrix.length === triangle(size), "a triangle has n (n + 1) / 2 cells");
  factorise(matrix, size);
  invertFactor(matrix, size);
  square(matrix, size);
}

/** A = L L', row by row: a cell takes the inner product of two rows that stand whole to its left. */
function factorise(cells: Triangle, size: number): void {
  for (let i = 0; i < size; i++) {
    const row = triangle(i);
    for (let j = 0; j < i; j++) {
      const other = triangle(j);
      cells[row + j] = (cells[row + j]! - product(cells, row, other, j)) / cells[other + j]!;
    }
    const left = cells[row + i]! - product(cells, row, row, i);
    assert(left > 0, "the matrix is positive definite");
    cells[row + i] = Math.sqrt(left);
  }
}

/** Inner product of two runs of cells: four sums side by side, since one waits for its own last addition. */
function product(cells: Triangle, a: number, b: number, length: number): number {
  let [s0, s1, s2, s3] = [0, 0, 0, 0];
  let k = 0;
  for (; k + 3 < length; k += 4) {
    s0 += cells[a + k]! * cells[b + k]!;
    s1 += cells[a + k + 1]! * cells[b + k + 1]!;
    s2 += cells[a + k + 2]! * cells[b + k + 2]!;
    s3 += cells[a + k + 3]! * cells[b + k + 3]!;
  }
  for (; k < length; k++) s0 += cells[a + k]! * cells[b + k]!;
  return s0 + s1 + (s2 + s3);
}

/** M = L^-1: row i is -(1 / L[i][i]) times the sum of L[i][k] x row k of M, k below i. */
function invertFactor(cells: Triangle, size: number): void {
  const sum = new Float64Array(size);
  for (let i = 0; i < size; i++) {
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
}

/** P = M' M: row i is the sum of M[k][i] x the first i + 1 cells of row k, k from i on; no later row asks for row i. */
function square(cells: Triangle, size: number): void {
  const sum = new Float64Array(size);
  for (let i = 0; i < size; i++) {
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
