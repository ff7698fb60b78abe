/**
 * Looks into the text of a refused event without parsing it, since much of what is refused cannot be parsed:
 * whose it is, and what must not stay in it. Each pattern is linear in the text.
 */
const idField =
  /"(?:userId|anonymousId|previousId)"\s*:\s*(?:"((?:[^"\\]|\\.){1,1024})"|(-?\d{1,32})(?![\d.]))/gs;
const secretField = /("(?:userToken|writeKey|api_key|token)"\s*:\s*")(?:[^"\\]|\\.)*/gs;
const addressField = /("ip"\s*:\s*")((?:[^"\\]|\\.)*)/gs;

/** One event names few people; one that names more is kept without its text. */
const idsMax = 16;

/**
 * Every id of a person in the text, or nothing when there are none, or when they cannot be found for sure:
 * too many, or a field whose name is written with escapes.
 */
export function idsIn(text: string): string[] | undefined {
  if (hasEscapedKey(text)) return undefined;
  const ids = new Set<string>();
  for (const match of text.matchAll(idField)) {
    ids.add(match[2] ?? unescaped(match[1]!));
    if (ids.size > idsMax) return undefined;
  }
  return ids.size === 0 ? undefined : [...ids];
}

/** One walk from text to text; a pattern for this could be made to start anew at every quote. */
function hasEscapedKey(text: string): boolean {
  let isEscaped = false;
  let isInside = false;
  for (let i = 0; i < text.length; i++) {
    const char = text[i];
    if (isInside && char === "\\") {
      isEscaped = true;
      i += 1;
    } else if (char === '"') {
      isInside = !isInside;
      if (isInside) isEscaped = false;
    } else if (!isInside && isEscaped && char === ":") {
      return true;
    } else if (!isInside && char !== undefined && char > " ") {
      isEscaped = false;
    }
  }
  return false;
}

/** The text without tokens and keys, its addresses cut to their network. */
export function redacted(text: string): string {
  return text
    .replace(secretField, "$1")
    .replace(addressField, (_all, start: string, address: string) => start + networkOf(address));
}

function networkOf(address: string): string {
  const parts = address.split(".");
  if (parts.length === 4 && /^[\d.]{7,15}$/.test(address))
    return `${parts.slice(0, 3).join(".")}.0`;
  if (!/^[\da-fA-F:]{2,39}$/.test(address) || address.startsWith("::")) return "";
  const [head] = address.split("::");
  return `${head!.split(":").slice(0, 3).join(":")}::`;
}

function unescaped(inside: string): string {
  try {
    return JSON.parse(`"${inside}"`) as string;
  } catch {
    return inside;
  }
}
