/** What the real Segment clients sent becomes these verdicts and records, reviewed as text. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { utf8Decode } from "../../src/base/text.ts";
import { acceptAll } from "../../src/ingest/accept.ts";
import { segment } from "../../src/ingest/dialect/segment.ts";
import { door, limits, receivedAt } from "../door.ts";

const folder = join(import.meta.dirname, "../data/captures");

interface Capture {
  requests: { method: string; url: string; body?: unknown }[];
}

function answered(capture: Capture) {
  return capture.requests
    .filter(({ method, body }) => method === "POST" && body !== undefined)
    .map(({ url, body }) => {
      const accepted = acceptAll(
        segment(limits).open().read(JSON.stringify(body)),
        door(),
        receivedAt,
      );
      return {
        url,
        events: accepted.map(({ verdict, records }) => ({
          verdict,
          records: records.map(({ payload, ...header }) => ({
            ...header,
            payload: JSON.parse(utf8Decode(payload)) as unknown,
          })),
        })),
      };
    });
}

describe("captured Segment requests", () => {
  const files = readdirSync(folder).filter((file) => file.endsWith(".json"));

  test("are six", () => {
    expect(files).toHaveLength(6);
  });

  test.each(files)("%s", async (file) => {
    const capture = JSON.parse(readFileSync(join(folder, file), "utf8")) as Capture;
    const text = `${JSON.stringify(answered(capture), undefined, 1)}\n`;
    await expect(text).toMatchFileSnapshot(join(import.meta.dirname, "segment", file));
  });
});
