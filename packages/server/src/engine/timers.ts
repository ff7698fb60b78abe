/**
 * Timers of users by due time: a binary heap of (dueAt, tenant, subject). An entry is a reminder to look, not
 * a promise: who pops one compares it with the user's own due time.
 */
export interface Timer {
  dueAt: number;
  tenant: number;
  subject: string;
}

export class Timers {
  readonly #heap: Timer[] = [];

  get size(): number {
    return this.#heap.length;
  }

  add(timer: Timer): void {
    const heap = this.#heap;
    let at = heap.length;
    heap.push(timer);
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (heap[parent]!.dueAt <= timer.dueAt) break;
      heap[at] = heap[parent]!;
      at = parent;
    }
    heap[at] = timer;
  }

  /** Removes and returns the earliest timer that is due at `now`, if any. */
  popDue(now: number): Timer | undefined {
    const heap = this.#heap;
    const first = heap[0];
    if (first === undefined || first.dueAt > now) return undefined;
    const last = heap.pop()!;
    if (heap.length > 0) this.#sink(last);
    return first;
  }

  #sink(timer: Timer): void {
    const heap = this.#heap;
    let at = 0;
    for (;;) {
      let child = at * 2 + 1;
      if (child >= heap.length) break;
      if (child + 1 < heap.length && heap[child + 1]!.dueAt < heap[child]!.dueAt) child += 1;
      if (heap[child]!.dueAt >= timer.dueAt) break;
      heap[at] = heap[child]!;
      at = child;
    }
    heap[at] = timer;
  }
}
