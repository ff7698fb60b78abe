/** The children of a list that are entries, each with the `data-id` that it is known by. */
export function* keyedChildren(list: HTMLElement | null): Iterable<[id: string, HTMLElement]> {
  for (const child of list?.children ?? []) {
    if (!(child instanceof HTMLElement)) continue;
    const id = child.dataset["id"];
    if (id !== undefined) yield [id, child];
  }
}
