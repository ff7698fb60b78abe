/** Under load over HTTP an answer reflects what was acknowledged before it was asked for, one's own and others'. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { ServerProcess } from "./server-process.ts";
import { played, Wire } from "./wire.ts";

const isLong = process.env["ATTUNE_LONG"] === "1";
const pairs = isLong ? 10_000 : 1_000;
const rounds = isLong ? 500 : 50;
const people = 8;
const itemCount = 200;

interface Stage {
  server: ServerProcess;
  wire: Wire;
  data: string;
  /** Events of the load so far. */
  sent: number;
}

async function openStage(fault?: "late"): Promise<Stage> {
  const data = mkdtempSync(join(tmpdir(), "attune-ryw-"));
  const server = new ServerProcess(data, fault);
  const serving = await server.listens;
  if (serving === undefined) throw new Error(`the server ended: ${server.errors}`);
  const wire = new Wire(serving.url, serving.keys.serverKey, 32);
  // Everybody's tastes overlap, so that lists are long.
  const batch = Array.from({ length: 2_000 }, (_, n) =>
    played(`s${n}`, `crowd-${n >> 3}`, `i${((n >> 3) * 3 + (n % 8) * 5) % itemCount}`),
  );
  for (let from = 0; from < batch.length; from += 500)
    await accepted(wire, { batch: batch.slice(from, from + 500) });
  return { server, wire, data, sent: 0 };
}

async function closeStage({ server, wire, data }: Stage): Promise<void> {
  wire.close();
  await server.end("SIGTERM");
  rmSync(data, { recursive: true, force: true });
}

async function accepted(wire: Wire, body: { batch: unknown[] }): Promise<string> {
  const reply = await wire.send("POST", "/v1/batch", body);
  expect([reply.status, reply.body["accepted"]]).toEqual([200, body.batch.length]);
  return String(reply.body["position"]);
}

async function upNext(wire: Wire, userId: string, after?: string) {
  const asked = {
    userId,
    placement: "up-next",
    limit: 50,
    ...(after === undefined ? {} : { after }),
  };
  const { status, body } = await wire.send("POST", "/v1/recommendations", asked);
  expect(status).toBe(200);
  const items = (body["items"] as { id: string }[]).map(({ id }) => id);
  return { items, seq: seqOf(String(body["position"])) };
}

/** Positions of one start of one log are in the order of the number behind the dot. */
function seqOf(position: string): number {
  return Number(position.slice(position.lastIndexOf(".") + 1));
}

/** Batches of others and their answers, as many at once as connections allow, until `run` is over. */
async function underLoad(stage: Stage, run: () => Promise<unknown>): Promise<void> {
  const { wire } = stage;
  let isOver = false;
  const other = async (me: number): Promise<void> => {
    while (!isOver) {
      const batch = Array.from({ length: 20 }, () => {
        const n = stage.sent++;
        return played(`b${n}`, `crowd-${(n * 7) % 250}`, `i${(n * 13) % itemCount}`);
      });
      await accepted(wire, { batch });
      await upNext(wire, `crowd-${me}`);
    }
  };
  const own = run().finally(() => (isOver = true));
  await Promise.all([own, other(0), other(1), other(2), other(3)]);
}

/**
 * A person plays what the list shows first, then asks again: `up-next` never holds the item one is at, while
 * the answer of a moment ago held it. Counts the pairs whose answer still does, stands before the
 * acknowledgement, or whose profile has another newest item.
 */
async function stalePairs(stage: Stage, count: number): Promise<number> {
  const { wire } = stage;
  let stale = 0;
  let started = 0;
  const person = async (me: number): Promise<void> => {
    const userId = `person-${me}`;
    await accepted(wire, { batch: [played(`p${me}`, userId, `i${me}`)] });
    let list = (await upNext(wire, userId)).items;
    let last = `i${me}`;
    while (started < count) {
      const pair = started++;
      const item = list.find((id) => id !== last)!;
      const position = await accepted(wire, { batch: [played(`p${me}-${pair}`, userId, item)] });
      const answer = await upNext(wire, userId, pair % 2 === 0 ? position : undefined);
      const profile = await wire.send("GET", `/v1/users/${userId}`);
      const newest = (profile.body["recent"] as { item: string }[] | undefined)?.[0]?.item;
      if (answer.items.includes(item) || answer.seq < seqOf(position) || newest !== item) stale++;
      list = answer.items;
      last = item;
    }
  };
  await underLoad(stage, () => Promise.all(Array.from({ length: people }, (_, me) => person(me))));
  return stale;
}

/** One person goes from a new item to another new one; who is at the first is then shown the second. */
async function unseenByOthers(stage: Stage, count: number): Promise<number> {
  const { wire } = stage;
  let unseen = 0;
  const go = (userId: string, item: string) =>
    accepted(wire, { batch: [played(`${userId} ${item}`, userId, item)] });
  await underLoad(stage, async () => {
    for (let round = 0; round < count; round++) {
      const [from, to] = [`from-${round}`, `to-${round}`];
      await go(`late-${round}`, from);
      await go(`early-${round}`, from);
      await go(`early-${round}`, to);
      if (!(await upNext(wire, `late-${round}`)).items.includes(to)) unseen++;
    }
  });
  return unseen;
}

describe("a server under load", () => {
  let stage: Stage;
  beforeAll(async () => {
    stage = await openStage();
  });
  afterAll(() => closeStage(stage));

  test(
    `answers ${pairs} times right after an event, and no answer is stale`,
    async () => expect(await stalePairs(stage, pairs)).toBe(0),
    60_000 + pairs * 50,
  );

  test(
    `shows what others did in the first answer after their acknowledgement, ${rounds} times`,
    async () => expect(await unseenByOthers(stage, rounds)).toBe(0),
    60_000 + rounds * 200,
  );
});

test("a server that acknowledges before it folds is found out by both", async () => {
  const stage = await openStage("late");
  try {
    expect(await stalePairs(stage, 50)).toBe(50);
    expect(await unseenByOthers(stage, 5)).toBe(5);
  } finally {
    await closeStage(stage);
  }
});
