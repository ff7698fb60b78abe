/** The crowd's past: sittings of the last days as Segment events in the order of their times. */
import { chanceOf } from "../chance.ts";
import { drifted, type Listener } from "./listener.ts";
import { type Act, sessionOf, type Shelf } from "./session.ts";

export interface CrowdEvent {
  type: "track";
  event: string;
  userId: string;
  messageId: string;
  timestamp: string;
  properties: { track_id: string; permille?: number; synthetic: true };
}

const dayMs = 86_400_000;

export function eventOf(act: Act, userId: string, startedAt: number, sitting: string): CrowdEvent {
  const at = startedAt + act.after;
  return {
    type: "track",
    event: act.event,
    userId,
    messageId: `${userId} ${sitting} ${act.after} ${act.event}`,
    timestamp: new Date(at).toISOString(),
    properties: {
      track_id: act.track,
      ...(act.permille === undefined ? {} : { permille: act.permille }),
      synthetic: true,
    },
  };
}

/** About `sittings` sittings over the last `days` days before `now`; the same for the same arguments. */
export function pastOf(
  listeners: readonly Listener[],
  shelf: Shelf,
  wanted: { sittings: number; days: number; now: number; seed: string },
): CrowdEvent[] {
  const { sittings, days, now, seed } = wanted;
  const keenness = listeners.reduce((sum, each) => sum + each.keenness, 0);
  const events: CrowdEvent[] = [];
  for (const first of listeners) {
    const chance = chanceOf(`${seed} past ${first.id}`);
    const count = Math.max(1, Math.round((sittings * first.keenness) / keenness));
    const gap = (days * dayMs) / count;
    let listener = first;
    for (let i = 0; i < count; i++) {
      // One sitting a slot, well inside it, so that a listener is never in two at once.
      const startedAt = Math.floor(now - days * dayMs + gap * (i + chance() * 0.4));
      const acts = sessionOf(listener, shelf, chance);
      const fit = acts.filter(({ after }) => startedAt + after < now && after < gap * 0.55);
      for (const act of fit) events.push(eventOf(act, first.id, startedAt, `past-${i}`));
      listener = drifted(listener, days / count, chance);
    }
  }
  return events.sort((a, b) =>
    a.timestamp < b.timestamp ? -1 : a.timestamp > b.timestamp ? 1 : 0,
  );
}
