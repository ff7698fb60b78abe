import fc from "fast-check";
import { expect, test } from "vitest";
import { Fifo } from "./fifo.ts";

test("a fifo gives back what an array gives back", () => {
  fc.assert(
    fc.property(
      fc.array(fc.option(fc.integer(), { nil: undefined }), { maxLength: 300 }),
      (steps) => {
        const [fifo, array] = [new Fifo<number>(), [] as number[]];
        for (const step of steps) {
          if (step === undefined) expect(fifo.shift()).toBe(array.shift());
          else {
            fifo.push(step);
            array.push(step);
          }
          expect(fifo.length).toBe(array.length);
        }
        while (array.length > 0) expect(fifo.shift()).toBe(array.shift());
        expect(fifo.shift()).toBeUndefined();
      },
    ),
  );
});
