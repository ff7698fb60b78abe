import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { ItemLines, type ItemLine } from "./lines.ts";

const limits = { lineBytesMax: 20, arrayBytesMax: 100, linesMax: 5 };

/** Reads the text in pieces of the given sizes, the last piece as long as it takes. */
function read(text: string, sizes: readonly number[] = [], change: Partial<typeof limits> = {}) {
  const lines = new ItemLines({ ...limits, ...change });
  const bytes = Buffer.from(text);
  const found: ItemLine[] = [];
  let at = 0;
  for (const size of [...sizes, bytes.length]) {
    found.push(...lines.push(bytes.subarray(at, at + size)));
    at += size;
  }
  found.push(...lines.end());
  return {
    found: found.map((line) => ("text" in line ? line.text : line.fault)),
    stop: lines.stop,
  };
}

describe("lines of a stream", () => {
  test("come the same however the bytes were cut", () => {
    const text = `{"id":"é1"}\n\n  {"id":2}  \r\n${"x".repeat(21)}\n{"id":3}`;
    const whole = read(text);
    expect(whole.found).toHaveLength(4);
    expect(whole.found[2]).toBe("too long");
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 9 }), { maxLength: 30 }), (sizes) => {
        expect(read(text, sizes)).toEqual(whole);
      }),
    );
  });

  test("lineBytesMax and linesMax are the limits", () => {
    expect(read("x".repeat(20)).found).toEqual(["x".repeat(20)]);
    expect(read("x".repeat(21)).found).toEqual(["too long"]);
    expect(read("1\n".repeat(5))).toEqual({ found: ["1", "1", "1", "1", "1"], stop: undefined });
    expect(read("1\n".repeat(6)).stop).toBe("too many lines");
    expect(read("\n".repeat(6)).stop).toBe("too many lines");
  });

  test("a line without end stops the stream", () => {
    expect(read("x".repeat(20 * 64 + 1)).stop).toBe("endless line");
  });
});

describe("an array", () => {
  test("gives its elements however the bytes were cut", () => {
    const text = ` [ {"id":"a,]"} , [1], "\\"]" ] `;
    const whole = read(text);
    expect(whole.found.map((line) => line.trim())).toEqual(['{"id":"a,]"}', "[1]", '"\\"]"']);
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 9 }), { maxLength: 30 }), (sizes) => {
        expect(read(text, sizes)).toEqual(whole);
      }),
    );
  });

  test("is held whole, so it has a limit of its own", () => {
    expect(read(`["${"x".repeat(15)}"${" ".repeat(81)}]`).stop).toBeUndefined();
    expect(read(`["${"x".repeat(15)}"${" ".repeat(82)}]`).stop).toBe("array too large");
    expect(read("[1,2,3,4,5]").found).toHaveLength(5);
    expect(read("[1,2,3,4,5,6]")).toMatchObject({
      found: ["1", "2", "3", "4", "5"],
      stop: "too many lines",
    });
    expect(read("[1,2")).toEqual({ found: [], stop: "array broken" });
    expect(read("[1] x")).toEqual({ found: [], stop: "array broken" });
  });
});
