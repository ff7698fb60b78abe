import { type RefObject, useLayoutEffect, useRef } from "react";
import { keyedChildren } from "./keyed-children.ts";

/**
 * Hands the focus on when the child of a list that has it leaves: to the nearest one after it that is still
 * there, else before it, and from a list that is empty now to the heading of its section. Without this a listener at
 * the keyboard is thrown back to the start of the page whenever a list changes beneath them. A child is known by its
 * `data-id`; its first button takes the focus. The heading takes it with a `tabIndex` of -1.
 *
 * Give what it returns to the list as `onFocus` and `onBlur`. React is silent about a focus lost to its own
 * drawing, so a blur that is told is the listener's.
 */
export function useFocusKept(list: RefObject<HTMLElement | null>): {
  onFocus: (event: { target: Element }) => void;
  onBlur: () => void;
} {
  const held = useRef<string>(undefined);
  const heading = useRef<HTMLElement>(null);
  const order = useRef<readonly string[]>([]);
  useLayoutEffect(() => {
    const children = new Map(keyedChildren(list.current));
    const before = order.current;
    order.current = [...children.keys()];
    const lost = held.current;
    if (lost === undefined || children.has(lost)) return;
    held.current = undefined;
    const at = before.indexOf(lost);
    const heir = [...before.slice(at + 1), ...before.slice(0, Math.max(0, at)).reverse()].find(
      (id) => children.has(id),
    );
    const child = children.get(heir ?? order.current[0] ?? "");
    const taker = child?.querySelector<HTMLElement>("button") ?? heading.current;
    taker?.focus();
  });
  return {
    onFocus: ({ target }) => {
      held.current = target.closest<HTMLElement>("[data-id]")?.dataset["id"];
      heading.current = target.closest("section")?.querySelector<HTMLElement>("h2") ?? null;
    },
    onBlur: () => {
      held.current = undefined;
    },
  };
}
