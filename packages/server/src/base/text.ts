/**
 * UTF-8 without the types of a platform: base is compiled with neither DOM nor Node, yet every runtime we
 * serve has these two globals. Ill-formed UTF-16 becomes U+FFFD, as the encoder's standard says.
 */
declare const TextEncoder: new () => {
  encode(text: string): Uint8Array;
  encodeInto(text: string, target: Uint8Array): { read: number; written: number };
};
declare const TextDecoder: new (
  label: "utf-8",
  options: { fatal: boolean; ignoreBOM: boolean },
) => { decode(bytes: Uint8Array): string };

const encoder = new TextEncoder();
// ignoreBOM keeps a leading U+FEFF in the text: without it decode(encode(x)) would lose it.
const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/**
 * Short texts are cut from one piece of memory: an array of its own for each took twice the time. A text of up to
 * a fortieth of the piece keeps all of it in memory while it lives, so it is for what does not live long.
 */
const pieceBytes = 1 << 16;
let piece = new Uint8Array(pieceBytes);
let pieceAt = 0;

export function utf8Encode(text: string): Uint8Array {
  const most = text.length * 3;
  if (most > pieceBytes / 40) return encoder.encode(text);
  if (pieceAt + most > pieceBytes) {
    piece = new Uint8Array(pieceBytes);
    pieceAt = 0;
  }
  const target = piece.subarray(pieceAt, pieceAt + most);
  const { written } = encoder.encodeInto(text, target);
  pieceAt += written;
  return target.subarray(0, written);
}

/** Writes into `target` and returns the bytes written; `target` must have room for 3 bytes a code unit. */
export function utf8EncodeInto(text: string, target: Uint8Array): number {
  return encoder.encodeInto(text, target).written;
}

/** Throws a TypeError on bytes that are not UTF-8. */
export function utf8Decode(bytes: Uint8Array): string {
  return decoder.decode(bytes);
}

const sharedTextsMax = 1 << 16;
const sharedTexts = new Map<string, string>();

/**
 * One string for equal texts, for names that many objects keep: parsing makes a new one each time, and those were more
 * than a third of all objects that the collector marks. Beyond `sharedTextsMax` of them it begins anew, which
 * shows in nothing but memory.
 */
export function sharedText(text: string): string {
  const shared = sharedTexts.get(text);
  if (shared !== undefined) return shared;
  if (sharedTexts.size === sharedTextsMax) sharedTexts.clear();
  sharedTexts.set(text, text);
  return text;
}
