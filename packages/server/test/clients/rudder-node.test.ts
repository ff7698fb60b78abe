/**
 * What `@rudderstack/rudder-sdk-node` sends, byte for byte as recorded from it: the Segment dialect, packed, under
 * a content type that is not true.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { basic, openStage, type Stage } from "./harness.ts";

interface Capture {
  requests: { method: "POST"; url: string; headers: Record<string, string>; base64: string }[];
}

const file = join(import.meta.dirname, "../data/rudder/rudder-node_all-calls.json");
const { requests } = JSON.parse(readFileSync(file, "utf8")) as Capture;
let stage: Stage;
beforeAll(async () => {
  stage = await openStage();
});
afterAll(() => stage.close());

async function sendAll(): Promise<{ accepted: number; duplicates: number }[]> {
  const answers = [];
  for (const { method, url, headers, base64 } of requests) {
    expect(headers).toMatchObject({
      "content-encoding": "gzip",
      "content-type": "application/x-www-form-urlencoded",
    });
    const { authorization: _, ...rest } = headers;
    const answer = await stage.app.inject({
      method,
      url,
      headers: { ...rest, authorization: basic(stage.made.writeKey) },
      payload: Buffer.from(base64, "base64"),
    });
    expect(answer.statusCode).toBe(200);
    answers.push(answer.json());
  }
  return answers;
}

test("every call arrives as what it means, and sent again it is told duplicate", async () => {
  const first = await sendAll();
  expect(first.reduce((sum, { accepted }) => sum + accepted, 0)).toBe(7);
  const events = (await stage.stored()).filter(({ kind }) => kind === "event");
  expect(events.map(({ payload }) => payload)).toMatchObject([
    { type: "identify", userId: "u1", traits: { plan: "pro" } },
    { type: "view", userId: "u1", item: "p1" },
    { type: "purchase", userId: "u1", item: "p1" },
    { type: "other", name: "page:Home" },
    { type: "other", name: "screen:Start" },
    { type: "other", name: "group", properties: { groupId: "g1" } },
    { type: "other", name: "alias" },
  ]);
  const again = await sendAll();
  expect(again.map(({ accepted }) => accepted)).toEqual(first.map(() => 0));
  expect(again.reduce((sum, { duplicates }) => sum + duplicates, 0)).toBe(7);
});
