/** In which part of the week it is morning is said by the clocks of the tenant's zone, written down with the event. */
import { expect, test } from "vitest";
import { foldLimits } from "../../src/core/fold/state.ts";
import { timeSliceOf } from "../../src/core/fold/contribution.ts";
import { payloadOf } from "../../src/engine/payload.ts";
import { replayDecisions } from "../../src/engine/replay-decisions.ts";
import type { Server } from "../../src/doors.ts";
import { ask, served } from "./served.ts";

const hourMs = 3_600_000;
/** A Friday: night in UTC, morning in Vienna, and night again by the clocks of St. John's, where it is still Thursday. */
const now = Date.UTC(2026, 10, 27, 5, 30);

const play = (userId: string, itemId: string) => ({
  type: "track",
  event: "play",
  userId,
  properties: { itemId },
  context: { place: "kitchen", utcOffset: 840 },
});

async function slices(server: Server): Promise<number[]> {
  await server.attune.engine.settled();
  const { contexts } = server.attune.engine.tenant(1).models;
  return Array.from({ length: 8 }, (_, slice) => contexts.allInTime(slice));
}

async function send(server: Server, batch: object[]): Promise<void> {
  const reply = await ask(server, server.keys!.serverKey, "POST", "/v1/batch", { batch });
  expect(reply.status).toBe(200);
}

test("events and questions are taken by the clocks of the zone, and a replay looks at no clock", async () => {
  const before = await served({}, { now: () => now });
  await send(before, [play("ada", "a")]);
  expect(await slices(before)).toEqual([1, 0, 0, 0, 0, 0, 0, 0]);
  before.attune.changeTenant(1, { timeZone: "Europe/Vienna" });
  await before.close();
  const server = await served({ data: before.data }, { now: () => now });
  const { attune, keys } = server;
  await send(server, [play("ada", "b"), play("bob", "a")]);
  // What was taken before stays where it was; what a client says of its clocks counts nowhere.
  expect(await slices(server)).toEqual([1, 2, 0, 0, 0, 0, 0, 0]);
  const asked = { placement: "trending", userId: "ada", limit: 2, context: { place: "kitchen" } };
  const { status } = await ask(server, keys!.secretKey, "POST", "/v1/recommendations", asked);
  expect(status).toBe(200);
  // The zone's rules are another's: what is written down counts.
  attune.changeTenant(1, { timeZone: "America/St_Johns" });
  await attune.engine.settled();
  const contexts: unknown[] = [];
  for await (const { records } of attune.log.read(0))
    for (const record of records)
      if (record.kind === "decision") contexts.push(payloadOf(record, "decision").request.context);
  expect(contexts).toEqual([{ place: "kitchen", utcOffset: 60 }]);
  const replayed = await replayDecisions(attune.log, foldLimits);
  expect(replayed.map(({ outcome }) => outcome)).toEqual(["equal"]);
  await ask(server, keys!.secretKey, "DELETE", "/v1/users/bob");
  expect(await slices(server)).toEqual([1, 1, 0, 0, 0, 0, 0, 0]);
  await ask(server, keys!.secretKey, "DELETE", "/v1/users/ada");
  expect(attune.engine.tenant(1).models.contexts.size).toBe(0);
  expect(timeSliceOf(Math.floor(now / hourMs))).toBe(0);
});

test("a client that states clocks of its own in a question is told that nobody asked", async () => {
  const server = await served({}, { now: () => now });
  const asked = { placement: "trending", limit: 2, context: { utcOffset: 60 } };
  const reply = await ask(server, server.keys!.secretKey, "POST", "/v1/recommendations", asked);
  expect(reply.status).toBe(400);
});
