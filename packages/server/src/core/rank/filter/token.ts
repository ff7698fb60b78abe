import { RequestError } from "../request-error.ts";

/**
 * The text of a filter as tokens, read once from left to right: every character is looked at a bounded number
 * of times, whatever it is. Positions count characters (code units) from 1.
 */
export type Token =
  | { kind: "word" | "sign"; text: string; at: number }
  | { kind: "value"; value: string | number; at: number }
  | { kind: "end"; at: number };

export const filterLengthMax = 2_000;

/** Says what is wrong and where; `field` is the field that holds the filter. */
export function filterError(field: string, at: number, problem: string): RequestError {
  return new RequestError(field, `at ${at}: ${problem}`);
}

const signs = ["==", "!=", "<=", ">=", "<", ">", "(", ")", "[", "]", ",", "."];

/** Throws a RequestError at the first character that begins no token. */
export function tokensOf(text: string, field: string): Token[] {
  if (text.length > filterLengthMax)
    throw filterError(field, filterLengthMax + 1, `longer than ${filterLengthMax} characters`);
  const tokens: Token[] = [];
  let from = 0;
  while (from < text.length) {
    if (isSpace(text.charCodeAt(from))) {
      from += 1;
      continue;
    }
    const end = endOf(text, from, field);
    tokens.push(tokenOf(text.slice(from, end), from + 1, field));
    from = end;
  }
  tokens.push({ kind: "end", at: text.length + 1 });
  return tokens;
}

/** Behind the token that begins at `from`. */
function endOf(text: string, from: number, field: string): number {
  const first = text.charCodeAt(from);
  if (text[from] === '"') return endOfText(text, from, field);
  if (isDigit(first) || (text[from] === "-" && isDigit(text.charCodeAt(from + 1))))
    return endOfNumber(text, from + 1);
  if (isLetter(first)) {
    let end = from + 1;
    while (isLetter(text.charCodeAt(end)) || isDigit(text.charCodeAt(end))) end += 1;
    return end;
  }
  const sign = signs.find((one) => text.startsWith(one, from));
  if (sign === undefined) throw filterError(field, from + 1, "unexpected character");
  return from + sign.length;
}

function endOfText(text: string, from: number, field: string): number {
  for (let end = from + 1; end < text.length; end++) {
    if (text[end] === "\\") end += 1;
    else if (text[end] === '"') return end + 1;
  }
  throw filterError(field, from + 1, "the text does not end");
}

/** Digits with one point and one exponent: what is no number after all is refused when it is read. */
function endOfNumber(text: string, from: number): number {
  let end = from;
  while (end < text.length) {
    const isSigned = text[end] === "-" || text[end] === "+";
    const isInside =
      isDigit(text.charCodeAt(end)) ||
      text[end] === "." ||
      isExponent(text[end]!) ||
      (isSigned && isExponent(text[end - 1]!));
    if (!isInside) break;
    end += 1;
  }
  return end;
}

function tokenOf(text: string, at: number, field: string): Token {
  const first = text.charCodeAt(0);
  if (text[0] === '"') return { kind: "value", value: unquoted(text, at, field), at };
  if (isLetter(first)) return { kind: "word", text, at };
  if (!isDigit(first) && text[0] !== "-") return { kind: "sign", text, at };
  const value = Number(text);
  if (!Number.isFinite(value)) throw filterError(field, at, "not a number that can be kept");
  // -0 is 0, so that equal filters print alike.
  return { kind: "value", value: value === 0 ? 0 : value, at };
}

/** Texts are written as in JSON. */
function unquoted(text: string, at: number, field: string): string {
  try {
    return JSON.parse(text) as string;
  } catch {
    throw filterError(field, at, "not a text as JSON writes it");
  }
}

/** Whether a name can stand behind a point, without quotes. */
export function isPlainName(name: string): boolean {
  if (name === "" || !isLetter(name.charCodeAt(0))) return false;
  for (let i = 1; i < name.length; i++) {
    if (!isLetter(name.charCodeAt(i)) && !isDigit(name.charCodeAt(i))) return false;
  }
  return true;
}

function isSpace(code: number): boolean {
  return code === 32 || code === 9 || code === 10 || code === 13;
}

function isDigit(code: number): boolean {
  return code >= 48 && code <= 57;
}

function isExponent(character: string): boolean {
  return character === "e" || character === "E";
}

/** ASCII letters and the underscore. */
function isLetter(code: number): boolean {
  return (code >= 65 && code <= 90) || (code >= 97 && code <= 122) || code === 95;
}
