import { createHash } from "node:crypto";
import fc from "fast-check";
import { expect, test } from "vitest";
import { cellOf, invert, triangle } from "./positive-matrix.ts";

/** X'X + lambda I of a random 0/1 matrix: what a Gram matrix of taste is. Of several panels of rows, too. */
const gram = fc
  .tuple(fc.integer({ min: 1, max: 50 }), fc.integer({ min: 1, max: 500 }))
  .chain(([size, lambda]) =>
    fc
      .array(fc.array(fc.boolean(), { minLength: size, maxLength: size }), { maxLength: 20 })
      .map((users) => {
        const cells = new Float64Array(triangle(size));
        for (let i = 0; i < size; i++) {
          for (let j = 0; j <= i; j++) {
            const both = users.filter((user) => user[i] && user[j]).length;
            cells[cellOf(i, j)] = both + (i === j ? lambda : 0);
          }
        }
        return { size, cells };
      }),
  );

test("a matrix times its inverse is the unit matrix, to the rounding", () => {
  fc.assert(
    fc.property(gram, ({ size, cells }) => {
      const inverse = cells.slice();
      invert(inverse, size);
      for (let i = 0; i < size; i++) {
        for (let j = 0; j < size; j++) {
          let sum = 0;
          for (let k = 0; k < size; k++) sum += cells[cellOf(i, k)]! * inverse[cellOf(k, j)]!;
          expect(Math.abs(sum - (i === j ? 1 : 0))).toBeLessThan(1e-12);
        }
      }
    }),
  );
});

test("the bits stay those of decisions that were logged with them", () => {
  const size = 75;
  const cells = new Float64Array(triangle(size));
  for (let i = 0; i < size; i++)
    for (let j = 0; j <= i; j++) cells[cellOf(i, j)] = i === j ? 200 + i : (i * 31 + j * 17) % 5;
  invert(cells, size);
  const digest = createHash("sha256").update(new Uint8Array(cells.buffer)).digest("hex");
  expect(digest).toBe("110e0c7d629d434d092f850156c194a5f7cf0e7fdb625ff503351ee0cf918118");
});

test("a matrix that is not positive definite is refused", () => {
  expect(() => invert(Float64Array.of(1, 2, 1), 2)).toThrow(/positive definite/);
  expect(() => invert(Float64Array.of(1, 2), 2)).toThrow(/cells/);
});
