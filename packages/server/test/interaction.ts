/** Interactions as records, for tests of the engine. */
import type { RecordInput } from "../src/base/record.ts";
import { utf8Encode } from "../src/base/text.ts";
import { hashOf } from "../src/engine/payload.ts";
import { event } from "./contract/records.ts";

const strengths = { play: 1, like: 4, skip: -2, seen: 0 } as const;

/** What a user did to an item; done again at the same time it is the same record. */
export function interaction(
  type: keyof typeof strengths,
  user: string,
  item: string | undefined,
  at: number,
  more: { decisionId?: string; slots?: readonly number[] } = {},
): RecordInput {
  const payload = { type, userId: user, item, strength: strengths[type], ...more };
  return event(user, "", {
    subject: hashOf(user),
    identity: "verified",
    source: "test",
    at,
    receivedAt: at,
    messageHash: hashOf(`${user}/${item}/${at}`),
    payload: utf8Encode(JSON.stringify(payload)),
  });
}
