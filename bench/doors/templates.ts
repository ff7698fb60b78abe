/**
 * Requests that cost next to nothing to send again as new ones: the bytes stay, the number in each message id is
 * written over. A template belongs to one connection and is only written over once its last answer is in.
 */
import type { Load } from "../generate.ts";
import { post } from "./connection.ts";
import { Events } from "./requests.ts";

const digits = 10;
const batchEvents = 20;
const mark = "#".repeat(digits);

export class Template {
  readonly bytes: Buffer;
  readonly #places: readonly number[];

  constructor(bytes: Buffer) {
    this.bytes = bytes;
    const places: number[] = [];
    for (let at = bytes.indexOf(mark); at >= 0; at = bytes.indexOf(mark, at + 1)) places.push(at);
    if (places.length !== batchEvents) throw new Error(`${places.length} ids in a template`);
    this.#places = places;
  }

  /** The request as the `n`-th of all. */
  numbered(n: number): Buffer {
    for (let i = 0; i < batchEvents; i++)
      this.bytes.write(
        String(n * batchEvents + i).padStart(digits, "0"),
        this.#places[i]!,
        "latin1",
      );
    return this.bytes;
  }
}

/** The message ids of the `n`-th request. */
export function idsOf(n: number): string[] {
  return Array.from({ length: batchEvents }, (_, i) =>
    String(n * batchEvents + i).padStart(digits, "0"),
  );
}

export function templates(load: Load, key: string, count: number): Template[] {
  const events = new Events(load, "template");
  return Array.from({ length: count }, () => {
    const { path, body } = events.request({ events: batchEvents, users: "many" });
    const marked = body
      .replaceAll(/"messageId":"[^"]*"/g, `"messageId":"${mark}"`)
      .replaceAll(/"(timestamp|sentAt)":"[^"]*",?/g, "")
      .replace(",}", "}");
    return new Template(post(path, key, marked));
  });
}
