/** Live lists that are about something, over the real engine: items, or a playlist that changes while it is heard. */
import { expect, test } from "vitest";
import { utf8Encode } from "../../src/base/text.ts";
import { foldLimits } from "../../src/core/fold/state.ts";
import { Channels } from "../../src/deliver/channels.ts";
import { HubMemory } from "../../src/deliver/hub-memory.ts";
import { deliverLimits } from "../../src/deliver/limits.ts";
import { LiveQueries } from "../../src/deliver/live.ts";
import { engineRecord, hashOf } from "../../src/engine/payload.ts";
import { headerOf } from "./generate.ts";
import { openMachine, tenant } from "./population.ts";

const start = Date.UTC(2026, 5, 1);
const now = (): number => start + 3_600_000;
const person = { tenant, userId: "ada" };
type List = { items: { id: string }[] };

/** Forty people who stay with one of two kinds of tracks, j0..j9 and r0..r9. */
async function stage() {
  const { engine } = await openMachine(foldLimits, 0);
  let count = 0;
  const put = async (userId: string, at: number, payload: object): Promise<void> => {
    const header = headerOf(
      { kind: "event", subject: hashOf(userId), at, receivedAt: at },
      count++,
    );
    await engine.append([{ ...header, payload: utf8Encode(JSON.stringify(payload)) }]);
    await engine.settled();
  };
  const ids = ["j", "r"].flatMap((kind) => Array.from({ length: 10 }, (_, i) => `${kind}${i}`));
  const items = ids.map((id) => ({ id, attributes: {} }));
  await engine.append([engineRecord("catalogue", { put: items }, { tenant, at: start, id: "c" })]);
  for (let user = 0; user < 40; user++) {
    for (let step = 0; step < 6; step++) {
      const item = `${user % 2 === 0 ? "j" : "r"}${(user + step * (1 + (user % 3))) % 10}`;
      const at = start + user * 1_000 + step * 60_000;
      await put(`u${user}`, at, { type: "play", item, strength: 1 });
    }
  }
  const hub = new HubMemory({ ...deliverLimits, now, newEpoch: () => "epoch" });
  const live = new LiveQueries({
    engine,
    hub,
    limits: deliverLimits,
    now,
    elapsed: () => 0,
    takedownsOf: () => undefined,
    hasBorder: () => false,
    itemOf: () => undefined,
    onFailed: (error) => {
      throw error;
    },
  });
  const limits = { onScreenMax: 200 };
  const subjectOf = (_tenant: number, userId: string): string => hashOf(userId);
  const channels = new Channels({
    engine,
    hub,
    live,
    limits,
    now,
    subjectOf,
    publicId: (_, id) => id,
  });
  const open = async (placement: string, data: object) => {
    const channel = await channels.open(person, `reco:${placement}#ada`, data, {});
    const kinds = async (): Promise<string[]> => {
      const { items: listed } = JSON.parse(await channel.present()) as List;
      return [...new Set(listed.map(({ id }) => id[0]!))];
    };
    return { ...channel, kinds };
  };
  return { engine, put, open, live };
}

test("a list about items holds what goes with them, and each has a stream of its own", async () => {
  const { open, live } = await stage();
  const lists = await Promise.all(
    [["j1"], ["r1"], ["j1"]].map((items) => open("similar-items", { limit: 5, items })),
  );
  expect(await Promise.all(lists.map((list) => list.kinds()))).toEqual([["j"], ["r"], ["j"]]);
  const [first, second, third] = lists.map(({ stream }) => stream);
  expect([second === first, third === first, live.size]).toEqual([false, true, 2]);
});

test("a list that goes on from a playlist follows the playlist", async () => {
  const { open, put } = await stage();
  const playlist = (...tracks: string[]) => ({
    type: "playlist",
    playlist: "road",
    content: { title: "", tracks: tracks.map((item, place) => ({ item, place })) },
  });
  await put("ada", start, playlist("j1", "j2"));
  const list = await open("continue-playlist", { limit: 4, playlist: "road" });
  expect(await list.kinds()).toEqual(["j"]);
  await put("ada", start + 1, playlist("r1", "r2"));
  expect(await list.kinds()).toEqual(["r"]);
});

test("what is no item and no playlist is refused, at the limit and one past it", async () => {
  const { open } = await stage();
  const many = Array.from({ length: 64 }, (_, i) => `j${i}`);
  await open("similar-items", { items: many, playlist: "p".repeat(64) });
  for (const data of [
    { items: [...many, "j64"] },
    { items: "j1" },
    { items: [""] },
    { playlist: "" },
    { playlist: "p".repeat(65) },
    { playlist: 7 },
  ])
    await expect(open("similar-items", data)).rejects.toMatchObject({ code: 107 });
});
