import { type RefObject, useLayoutEffect, useRef } from "react";
import { keyedChildren } from "./keyed-children.ts";

const moveMs = 520;
const easing = "cubic-bezier(0.2, 0.75, 0.2, 1)";

/**
 * Lets the children of a list glide from where they stood to where they stand (first, last, invert, play). A
 * child is known by its `data-id`. Nothing moves for those who asked for less motion.
 */
export function useFlip(list: RefObject<HTMLElement | null>): void {
  const places = useRef(new Map<string, { top: number; left: number }>());
  useLayoutEffect(() => {
    const element = list.current;
    if (element === null) return;
    const isCalm = matchMedia("(prefers-reduced-motion: reduce)").matches;
    const next = new Map<string, { top: number; left: number }>();
    for (const [id, child] of keyedChildren(element)) {
      // Offsets know nothing of a glide under way, so a list that changes twice in a moment glides on.
      const place = { top: child.offsetTop, left: child.offsetLeft };
      next.set(id, place);
      if (!isCalm) glide(child, places.current.get(id), place, places.current.size === 0);
    }
    places.current = next;
  });
}

interface Place {
  top: number;
  left: number;
}

function glide(child: HTMLElement, before: Place | undefined, now: Place, isFirst: boolean): void {
  if (isFirst) return;
  if (before === undefined) {
    const entrance = [
      { opacity: 0, transform: "translateY(14px)" },
      { opacity: 1, transform: "none" },
    ];
    child.animate(entrance, { duration: moveMs, easing });
    return;
  }
  const [x, y] = [before.left - now.left, before.top - now.top];
  if (x === 0 && y === 0) return;
  child.animate([{ transform: `translate(${x}px, ${y}px)` }, { transform: "none" }], {
    duration: moveMs,
    easing,
  });
}
