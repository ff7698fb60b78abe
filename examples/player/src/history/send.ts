/**
 * Sends a history on, part by part in the order of time, by way of the example's own server: a public key may
 * not send thousands of events of one person at once. Each title goes once, before the first listen to it.
 */
import { post } from "../attune.ts";
import type { Play } from "./play.ts";

const partPlays = 500;
const titleUnitsMax = 300;

export async function sendHistory(
  plays: readonly Play[],
  visitor: string,
  onProgress: (done: number, all: number) => void,
): Promise<void> {
  const known = new Set<string>();
  for (let i = 0; i < plays.length; i += partPlays) {
    onProgress(i, plays.length);
    const part = plays.slice(i, i + partPlays);
    const titles = new Map(part.map(({ id, title }) => [id, title.slice(0, titleUnitsMax)]));
    const items = [...titles]
      .filter(([id]) => !known.has(id))
      .map(([id, title]) => ({ id, title }));
    const listens = part.map(({ id, at, isSkipped }) => ({ id, at, isSkipped }));
    await post("/player/history", { visitor, items, plays: listens });
    for (const { id } of items) known.add(id);
  }
  onProgress(plays.length, plays.length);
}
