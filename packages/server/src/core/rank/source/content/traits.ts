/**
 * What makes two items of the catalogue alike: words of their attributes, and a vector of small integers where
 * the tenant gives one (attribute `vector`). Numbers are no words: a length of 213 s makes no kinship. Bounded:
 * what is beyond the limits is left out, in the order of attributes and values by code units.
 */
const wordsMax = 32;
/** Longer text is prose, not a word that another item would share. */
const wordUnitsMax = 64;
const vectorName = "vector";
const vectorLengthMax = 64;
/** Directions of a vector that stand among the words, so that an inverted index finds its kin. */
const directionsMax = 3;

export interface ItemTraits {
  /**
   * Words as 31 bits of a hash, each once. Two words that share one are one: a kinship too many among some
   * billions, the same on every machine, where the texts would take most of the memory.
   */
  words: readonly number[];
  vector: readonly number[] | undefined;
}

export function traitsOf(attributes: Readonly<Record<string, unknown>>): ItemTraits {
  const words: number[] = [];
  for (const name of Object.keys(attributes).sort()) {
    if (name === vectorName || name.length > wordUnitsMax) continue;
    const held = attributes[name];
    const seed = hashed(1, name);
    if (Array.isArray(held)) for (const one of [...held].sort(inOrder)) add(words, seed, one);
    else add(words, seed, held);
  }
  const vector = vectorOf(attributes);
  if (vector !== undefined) addDirections(words, vector);
  return { words, vector };
}

function inOrder(a: unknown, b: unknown): number {
  const [x, y] = [String(a), String(b)];
  return x < y ? -1 : x > y ? 1 : 0;
}

/** Texts and truths are words, of one attribute and type. */
function add(words: number[], seed: number, value: unknown): void {
  if (words.length >= wordsMax) return;
  let word: number;
  if (typeof value === "boolean") word = mixed(seed, value ? 3 : 2) >>> 1;
  else if (typeof value === "string" && value !== "" && value.length <= wordUnitsMax)
    word = hashed(seed, value) >>> 1;
  else return;
  if (!words.includes(word)) words.push(word);
}

/** A list of 1 to 64 integers of 8 bits, not all 0; anything else is no vector. */
function vectorOf(attributes: Readonly<Record<string, unknown>>): number[] | undefined {
  const held = Object.hasOwn(attributes, vectorName) ? attributes[vectorName] : undefined;
  if (!Array.isArray(held) || held.length === 0 || held.length > vectorLengthMax) return undefined;
  let isZero = true;
  for (const one of held as unknown[]) {
    const isSmall = typeof one === "number" && Number.isInteger(one) && one >= -128 && one <= 127;
    if (!isSmall) return undefined;
    isZero &&= one === 0;
  }
  return isZero ? undefined : (held as number[]);
}

/** The strongest directions with their signs, ties by place. */
function addDirections(words: number[], vector: readonly number[]): void {
  const seed = hashed(2, vectorName);
  const taken: number[] = [];
  while (taken.length < directionsMax) {
    let best = -1;
    for (let place = 0; place < vector.length; place++) {
      if (vector[place] === 0 || taken.includes(place)) continue;
      if (best < 0 || Math.abs(vector[place]!) > Math.abs(vector[best]!)) best = place;
    }
    if (best < 0) return;
    taken.push(best);
    const word = mixed(seed, best * 2 + Number(vector[best]! < 0)) >>> 1;
    if (!words.includes(word)) words.push(word);
  }
}

function hashed(seed: number, text: string): number {
  let hash = mixed(seed, text.length);
  for (let i = 0; i < text.length; i++) hash = mixed(hash, text.charCodeAt(i));
  return hash;
}

/** One step of MurmurHash3. */
function mixed(hash: number, n: number): number {
  const k = Math.imul(n, 0xcc9e2d51);
  const h = hash ^ Math.imul((k << 15) | (k >>> 17), 0x1b873593);
  const turned = Math.imul((h << 13) | (h >>> 19), 5) + 0xe6546b64;
  return turned ^ (turned >>> 16);
}
