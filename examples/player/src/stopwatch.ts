/**
 * Milliseconds from a click to the new list, measured in the page and nowhere else: from the browser's own time
 * of the click to the acknowledgement of its event, and to the first frame that shows the changed list.
 */
export interface Lap {
  what: string;
  /** `performance.now()` of the click. */
  from: number;
  ackMs?: number | undefined;
  /** Absent while nothing has changed: not every click changes a list. */
  listMs?: number | undefined;
  /** How many tracks stand elsewhere than before. */
  moved?: number | undefined;
}

/** A change that comes later than this is not put down to the click. */
const lapMsMax = 2_000;

export function isOpen(lap: Lap | undefined, now: number): lap is Lap {
  return lap !== undefined && lap.listMs === undefined && now - lap.from < lapMsMax;
}

/** How many of the first `count` places hold another track than before. */
export function movedPlaces(
  before: readonly string[],
  after: readonly string[],
  count: number,
): number {
  let moved = 0;
  for (let i = 0; i < Math.min(count, Math.max(before.length, after.length)); i++) {
    if (before[i] !== after[i]) moved += 1;
  }
  return moved;
}

/** Resolves with the time right after the next frame was painted. */
export function painted(): Promise<number> {
  return new Promise((resolve) => {
    requestAnimationFrame(() => {
      const channel = new MessageChannel();
      channel.port1.onmessage = () => resolve(performance.now());
      channel.port2.postMessage(undefined);
    });
  });
}
