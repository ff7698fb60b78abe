/**
 * Which slots of a list were looked at: half of a track within the window for a second, in a page that is in front. An
 * answer's own slots, by its decision: what nobody saw was not turned down, so nothing is learned of it, and what was
 * seen and left is.
 */
import type { LiveList } from "@attune/protocol";

const part = 0.5;
const sightMs = 1_000;
/** What comes into sight together is told together. */
const gatherMs = 300;

interface Sight {
  decisionId: string;
  slot: number;
  timer: number | undefined;
  isTold: boolean;
}

export type Report = (decisionId: string, slots: readonly number[]) => void;

export class Sights {
  readonly #report: Report;
  readonly #watched = new WeakMap<Element, Sight>();
  readonly #observer = new IntersectionObserver((entries) => this.#cross(entries), {
    threshold: part,
  });
  /** Slots by decision, until they are told. */
  #untold = new Map<string, number[]>();

  constructor(report: Report) {
    this.#report = report;
  }

  /** The children of the element, known by their `data-id`, are tracks of this list. */
  watch(element: Element, { decisionId, items }: LiveList): void {
    const slots = new Map(items.map(({ id }, slot) => [id, slot]));
    for (const child of element.children) {
      const slot = slots.get((child as HTMLElement).dataset["id"] ?? "");
      const known = this.#watched.get(child);
      if (slot === undefined) continue;
      if (known?.decisionId === decisionId && known.slot === slot) continue;
      if (known !== undefined) clearTimeout(known.timer);
      this.#watched.set(child, { decisionId, slot, timer: undefined, isTold: false });
      // Anew: an observer tells only of what changes from the first time on.
      this.#observer.unobserve(child);
      this.#observer.observe(child);
    }
  }

  /** Nothing of what was seen is told any more. */
  clear(): void {
    this.#untold.clear();
  }

  #cross(entries: readonly IntersectionObserverEntry[]): void {
    for (const { target, isIntersecting } of entries) {
      const sight = this.#watched.get(target);
      if (sight === undefined) continue;
      clearTimeout(sight.timer);
      sight.timer =
        isIntersecting && !sight.isTold
          ? window.setTimeout(() => this.#look(sight), sightMs)
          : undefined;
    }
  }

  #look(sight: Sight): void {
    if (document.visibilityState !== "visible") return;
    sight.isTold = true;
    const { decisionId, slot } = sight;
    const untold = this.#untold.get(decisionId);
    if (untold !== undefined) return void untold.push(slot);
    if (this.#untold.size === 0) setTimeout(() => this.#tell(), gatherMs);
    this.#untold.set(decisionId, [slot]);
  }

  #tell(): void {
    const untold = this.#untold;
    this.#untold = new Map();
    for (const [decisionId, slots] of untold)
      this.#report(
        decisionId,
        slots.toSorted((x, y) => x - y),
      );
  }
}
