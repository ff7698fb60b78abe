import { RequestError } from "./request-error.ts";

/** Readers of the fields of a document: each gives the value as it is meant, or a RequestError with the field. */
export type Fields = Readonly<Record<string, unknown>>;

export function fieldsOf(value: unknown, field: string): Fields {
  if (typeof value !== "object" || value === null || Array.isArray(value))
    throw new RequestError(field, "must be an object");
  return value as Fields;
}

/** A name that nobody knows is a mistake, not to be dropped. */
export function assertKnown(fields: Fields, known: readonly string[], field = ""): void {
  const stray = Object.keys(fields).find((name) => !known.includes(name));
  if (stray === undefined) return;
  const where = field === "" ? stray : `${field}.${stray}`;
  throw new RequestError(where, `there is no such field; there are ${known.join(", ")}`);
}

export function integerOf(value: unknown, field: string, min: number, max: number): number {
  if (Number.isInteger(value) && (value as number) >= min && (value as number) <= max)
    return value as number;
  throw new RequestError(field, `must be an integer from ${min} to ${max}`);
}

export function booleanOf(value: unknown, field: string): boolean {
  if (typeof value === "boolean") return value;
  throw new RequestError(field, "must be true or false");
}

export function textOf(value: unknown, field: string, lengthMax: number): string {
  if (typeof value === "string" && value !== "" && value.length <= lengthMax) return value;
  throw new RequestError(field, `must be 1 to ${lengthMax} characters`);
}

export function textsOf(
  value: unknown,
  field: string,
  countMax: number,
  lengthMax: number,
): string[] {
  if (!Array.isArray(value) || value.length === 0 || value.length > countMax)
    throw new RequestError(field, `must be a list of 1 to ${countMax} texts`);
  return [...new Set(value.map((one, i) => textOf(one, `${field}[${i}]`, lengthMax)))];
}
