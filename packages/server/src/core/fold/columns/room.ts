/**
 * What is known of a person stands in flat lists side by side: an object for every interaction took half as much
 * again of the memory, 2.5 times with a long history, and the collector had to visit each of them.
 */
const rowsPerStep = 4;
const steppedMax = 64;

const noNames: readonly string[] = ["", "", "", ""];
const noLists: readonly (readonly string[])[] = [[], [], [], []];
/** Halves, so that the engine keeps these lists as plain doubles from the start. */
const noNumbers: readonly number[] = [0.5, 0.5, 0.5, 0.5];
const byStride = [0, 1, 2, 3, 4].map((stride) =>
  Array.from({ length: stride }).reduce<number[]>((room) => room.concat(noNumbers), []),
);

/**
 * The list with room for row number `row`, its last, of `stride` numbers (1..4), which are then to be set in their
 * order. A `push` to a full list makes room for half as many and 16 more, most of what a person takes of whom little
 * is known: so lists grow by four rows as long as they are short.
 */
export function roomForNumbers(list: number[], row: number, stride: number): number[] {
  return isStep(row) ? withRoom(list, byStride[stride]!, (row + 1) * stride) : list;
}

/** The same of names, one a row. */
export function roomForName(list: string[], row: number): string[] {
  return isStep(row) ? withRoom(list, noNames, row + 1) : list;
}

/** The same of lists of names. */
export function roomForNames(list: (readonly string[])[], row: number): (readonly string[])[] {
  return isStep(row) ? withRoom(list, noLists, row + 1) : list;
}

function isStep(row: number): boolean {
  return row < steppedMax && row % rowsPerStep === 0;
}

function withRoom<T>(list: readonly T[], room: readonly T[], length: number): T[] {
  const grown = list.concat(room);
  // A short list keeps its room when it is cut, but not one that is cut to nothing: so the row is counted already.
  grown.length = length;
  return grown;
}
