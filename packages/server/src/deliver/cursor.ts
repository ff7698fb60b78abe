/**
 * The cursor of an SSE stream: `epoch:offset` of each of its channels, in their order, joined by commas. That of
 * one channel is the position a WebSocket client knows, so one can go on where the other stopped.
 */
import type { Position } from "./hub.ts";

export function cursorOf(positions: readonly Position[]): string {
  return positions.map(({ epoch, offset }) => `${epoch}:${offset}`).join(",");
}

/** Undefined for what is no cursor of so many channels. */
export function parseCursor(text: string, count: number): Position[] | undefined {
  const parts = text.split(",");
  if (parts.length !== count) return undefined;
  const positions: Position[] = [];
  for (const part of parts) {
    const match = /^([^:,]{1,64}):(\d{1,15})$/.exec(part);
    if (match === null) return undefined;
    positions.push({ epoch: match[1]!, offset: Number(match[2]) });
  }
  return positions;
}
