import { type RefObject, useEffect } from "react";
import type { LiveList } from "@attune/protocol";
import { useRoom } from "./deck-context.ts";

/** Tells which tracks of the list were looked at: those among the element's children, by their `data-id`. */
export function useSights(element: RefObject<HTMLElement | null>, list: LiveList | undefined) {
  const { sights } = useRoom();
  // After every drawing: children come and go with marks as well as with lists.
  useEffect(() => {
    if (element.current !== null && list !== undefined) sights.watch(element.current, list);
  });
}
