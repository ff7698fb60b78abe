import { expect, test } from "vitest";
import fc from "fast-check";
import { Blocks } from "./blocks.ts";

test("lists behave as arrays do, whatever moves beneath them", () => {
  const move = fc.record({
    list: fc.nat(9),
    at: fc.nat(1000),
    isOpen: fc.constantFrom(true, true, false),
  });
  fc.assert(
    fc.property(fc.array(move, { maxLength: 600, size: "max" }), (moves) => {
      const blocks = new Blocks({ wordsPerCell: 2, shorts: true });
      const model: number[][] = Array.from({ length: 10 }, () => []);
      moves.forEach(({ list, at, isOpen }, value) => {
        const cells = model[list]!;
        if (isOpen) {
          const place = at % (cells.length + 1);
          const opened = blocks.open(list, place);
          blocks.words[opened * 2] = value;
          blocks.words[opened * 2 + 1] = value + 1;
          blocks.shorts[opened] = value;
          cells.splice(place, 0, value);
        } else if (cells.length > 0) {
          blocks.close(list, at % cells.length);
          cells.splice(at % cells.length, 1);
        }
      });
      model.forEach((cells, list) => {
        expect(blocks.length(list)).toBe(cells.length);
        cells.forEach((value, at) => {
          const place = blocks.start(list) + at;
          const words = [blocks.words[place * 2], blocks.words[place * 2 + 1]];
          expect([...words, blocks.shorts[place]]).toEqual([value, value + 1, value]);
        });
      });
    }),
    { numRuns: 200 },
  );
});

test("a million cells in lists of a power law cost little more than themselves", () => {
  const blocks = new Blocks();
  let cells = 0;
  for (let round = 1; cells < 1_000_000; round++) {
    for (let list = 0; list < 20_000 / round; list++) {
      blocks.words[blocks.open(list, blocks.length(list))] = cells++;
    }
    if (round === 20_000) round = 1;
  }
  expect(blocks.bytes / cells).toBeLessThan(6);
});

test("a list may not be opened or closed outside itself", () => {
  const blocks = new Blocks();
  blocks.open(3, 0);
  expect(() => blocks.open(3, 2)).toThrow("opened inside");
  expect(() => blocks.close(3, 1)).toThrow("closed inside");
  expect(() => blocks.close(4, 0)).toThrow("closed inside");
});
