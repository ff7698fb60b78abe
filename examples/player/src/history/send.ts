/**
 * Sends a history on: titles first, as items, through the example's own route; then the listens as events, in
 * order, through the same door as every click. Message ids are made of time and track, so a history that is
 * dropped twice counts once.
 */
import { post } from "../attune.ts";
import type { Play } from "./play.ts";

export interface SendParts {
  writeKey: string;
  visitor: string;
  onProgress: (done: number, all: number) => void;
}

interface Verdicts {
  accepted?: number;
  duplicates?: number;
  results?: readonly { reason?: string }[];
}

const itemsAtOnce = 500;
const eventsAtOnce = 250;
const attemptsMax = 60;

export async function sendHistory(plays: readonly Play[], parts: SendParts): Promise<void> {
  const titles = new Map(plays.map(({ id, title }) => [id, title]));
  const items = [...titles].map(([id, title]) => ({ id, title: title.slice(0, 300) }));
  const all = items.length + plays.length;
  let done = 0;
  const step = (count: number): void => parts.onProgress((done += count), all);
  for (let i = 0; i < items.length; i += itemsAtOnce) {
    const some = items.slice(i, i + itemsAtOnce);
    await post("/player/items", { items: some });
    step(some.length);
  }
  for (let i = 0; i < plays.length; i += eventsAtOnce) {
    const some = plays.slice(i, i + eventsAtOnce);
    await sendBatch(some, parts);
    step(some.length);
  }
}

async function sendBatch(plays: readonly Play[], { writeKey, visitor }: SendParts): Promise<void> {
  const batch = plays.map(({ id, at, isSkipped }) => ({
    type: "track",
    event: isSkipped ? "Song Skipped" : "Track Played",
    userId: visitor,
    messageId: `${visitor} ${at} ${id}`,
    timestamp: new Date(at).toISOString(),
    properties: { track_id: id, origin: "import" },
  }));
  const headers = {
    "Content-Type": "application/json",
    Authorization: `Basic ${btoa(`${writeKey}:`)}`,
  };
  for (let attempt = 1; attempt <= attemptsMax; attempt++) {
    const body = JSON.stringify({ batch, sentAt: new Date().toISOString() });
    const answer = await fetch("/v1/batch", { method: "POST", headers, body });
    if (answer.ok) return assertTaken((await answer.json()) as Verdicts);
    if (answer.status !== 429 && answer.status !== 503)
      throw new Error(`The server refused a part of the history (${answer.status}).`);
    const waitS = Number(answer.headers.get("Retry-After") ?? 1);
    await new Promise((resolve) => setTimeout(resolve, waitS * 1000));
  }
  throw new Error("The server was busy for too long.");
}

/** One bad listen costs nothing; a batch of which nothing was taken is worth saying. */
function assertTaken({ accepted = 0, duplicates = 0, results = [] }: Verdicts): void {
  if (accepted + duplicates > 0) return;
  throw new Error(`The server took none of a part: ${results[0]?.reason ?? "no reason given"}.`);
}
