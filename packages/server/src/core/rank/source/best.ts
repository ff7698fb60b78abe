/**
 * Keeps the first `limit` of a list by an order, in that order, in place: a bounded heap with the last of them
 * at its root. `before` must be a total order, or what is kept would depend on where things stood.
 */
export function keepBest(
  list: number[],
  limit: number,
  before: (a: number, b: number) => boolean,
): void {
  const count = Math.min(limit, list.length);
  for (let at = (count >> 1) - 1; at >= 0; at--) sink(list, at, count, before);
  for (let at = count; at < list.length && count > 0; at++) {
    if (!before(list[at]!, list[0]!)) continue;
    list[0] = list[at]!;
    sink(list, 0, count, before);
  }
  list.length = count;
  for (let end = count - 1; end > 0; end--) {
    const last = list[0]!;
    list[0] = list[end]!;
    list[end] = last;
    sink(list, 0, end, before);
  }
}

/** What stands at `from` goes down until nothing below it comes later. */
function sink(
  list: number[],
  from: number,
  end: number,
  before: (a: number, b: number) => boolean,
): void {
  const one = list[from]!;
  let at = from;
  for (;;) {
    let child = at * 2 + 1;
    if (child >= end) break;
    if (child + 1 < end && before(list[child]!, list[child + 1]!)) child++;
    if (!before(one, list[child]!)) break;
    list[at] = list[child]!;
    at = child;
  }
  list[at] = one;
}
