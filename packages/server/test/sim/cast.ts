/** Who takes part in a simulation and what they do: people with several ids, their events, good and poisoned. */
import type {
  ConsentChoice,
  ConsentEvent,
  IdentifyEvent,
  InteractionEvent,
  InteractionType,
  Purpose,
} from "@attune/protocol";
import type { Prng } from "../../src/base/prng.ts";
import { hashOf } from "../../src/engine/payload.ts";

export const tenants = [1, 2];
export const items = Array.from({ length: 12 }, (_, i) => `item-${i}`);
export const minuteMs = 60_000;
export const hourMs = 60 * minuteMs;
export const dayMs = 24 * hourMs;

/** Somebody with an account and two devices on which they were nobody first. */
export interface Person {
  tenant: number;
  name: string;
  known: string;
  devices: readonly string[];
}

export function makeCast(): Person[] {
  return tenants.flatMap((tenant) =>
    ["ada", "ben", "cleo"].map((name) => ({
      tenant,
      name,
      known: hashOf(`${tenant}/${name}`),
      devices: [hashOf(`${tenant}/${name}/phone`), hashOf(`${tenant}/${name}/desk`)],
    })),
  );
}

const strengths: Partial<Record<InteractionType, number>> = {
  view: 1,
  play: 1,
  complete: 2,
  like: 3,
  purchase: 4,
  skip: -2,
  dislike: -4,
};
const types = "view view view play play complete like like purchase skip skip dislike search".split(
  " ",
) as InteractionType[];

/** What is searched for in the bytes once its message must be gone. */
function canary(number: number): string {
  return `canary:${number};`;
}

export function drawInteraction(prng: Prng, number: number, decisions: readonly string[]): object {
  const type = prng.pick(types);
  const event: InteractionEvent = {
    type,
    item: type === "search" ? undefined : prng.pick(items),
    strength: strengths[type] ?? 0,
    permille: type === "play" ? prng.below(1001) : undefined,
    decisionId: decisions.length > 0 && prng.chance(0.3) ? prng.pick(decisions) : undefined,
    context: prng.chance(0.3) ? { device: prng.pick(["phone", "desk"]) } : undefined,
    properties: { note: canary(number) },
  };
  return event;
}

export function drawSeen(prng: Prng, number: number, decisions: readonly string[]): object {
  const event: InteractionEvent = {
    type: "seen",
    strength: 0,
    decisionId: prng.pick(decisions),
    slots: [0, prng.below(4)],
    properties: { note: canary(number) },
  };
  return event;
}

export function drawConsent(prng: Prng, number: number): object {
  const event: ConsentEvent = {
    type: "consent",
    purpose: prng.pick<Purpose>(["personalization", "personalization", "analytics", "messages"]),
    choice: prng.pick<ConsentChoice>(["granted", "granted", "denied", "withdrawn"]),
    proof: { note: canary(number) },
  };
  return event;
}

export function identification(number: number): object {
  const event: IdentifyEvent = { type: "identify", traits: { plan: canary(number) } };
  return event;
}

/** A payload that no fold can take: no JSON, half an event, or one that this life of the engine chokes on. */
export function drawPoison(prng: Prng, number: number, life: number): string {
  const note = canary(number);
  return prng.pick([
    `${note} is no JSON`,
    `{"type":"view","properties":{"note":"${note}`,
    "null",
    `{"type":"view","item":"\\ud800","strength":1,"properties":{"note":"${note}"}}`,
    `{"type":"like","item":"item-1","strength":0.5,"properties":{"note":"${note}"}}`,
    `{"indigestible":${life},"type":"like","item":"item-2","strength":3,"properties":{"note":"${note}"}}`,
    `{"indigestible":${life},"type":"view","item":"item-3","strength":1,"properties":{"note":"${note}"}}`,
  ]);
}
