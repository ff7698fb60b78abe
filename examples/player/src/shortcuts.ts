/** Keys of the whole page. They are silent while somebody types, and on anything that has a use for the key. */
export const shortcuts = [
  { keys: ["Space"], means: "Play or pause" },
  { keys: ["S", "→"], means: "Skip" },
  { keys: ["L"], means: "Like what plays" },
  { keys: ["↑", "↓"], means: "Go through the queue; Enter plays" },
  { keys: ["C"], means: "Compare the three timetables, or not" },
  { keys: ["?"], means: "This help" },
] as const;

export interface Deeds {
  toggle: () => void;
  skip: (at: number) => void;
  like: (at: number) => void;
  compare: () => void;
  help: () => void;
  enterQueue: () => void;
}

const typing = "input, textarea, select, dialog[open]";
const spaceTakers = `button, a, summary, ${typing}`;

/** Does what the key asks for; true when it did. */
export function press(event: KeyboardEvent, deeds: Deeds): boolean {
  if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return false;
  const target = event.target instanceof Element ? event.target : document.body;
  const isRadioOrBox = target.matches("input[type=radio], input[type=checkbox]");
  const isArrow = event.key.startsWith("Arrow");
  if (target.closest(typing) !== null && !(isRadioOrBox && !isArrow && event.key !== " "))
    return false;
  const at = event.timeStamp;
  const byKey: Readonly<Record<string, () => void>> = {
    " ": deeds.toggle,
    s: () => deeds.skip(at),
    ArrowRight: () => deeds.skip(at),
    l: () => deeds.like(at),
    c: deeds.compare,
    "?": deeds.help,
    ArrowDown: deeds.enterQueue,
    ArrowUp: deeds.enterQueue,
  };
  const deed = byKey[event.key.length === 1 ? event.key.toLowerCase() : event.key];
  if (deed === undefined) return false;
  // The space bar belongs to the button that has the focus.
  if (event.key === " " && target.closest(spaceTakers) !== null) return false;
  deed();
  return true;
}
