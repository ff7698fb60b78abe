/** More than the queue holds: refused in words a stock client obeys, nothing acknowledged lost, over when it is over. */
import { once } from "node:events";
import { connect } from "node:net";
import { expect, test } from "vitest";
import { messageHash } from "../../src/ingest/message-hash.ts";
import { served } from "./served.ts";
import { played, Wire, type WireReply } from "./wire.ts";

const senders = 64;
const batchesEach = 5;
const batchEvents = 20;
/** What a sender is refused often enough to prove, without ever waiting the seconds it is told. */
const triesMax = 10_000;
/** What was appended is on the disk long before, even on a slow one: decisions wait for company before they are written. */
const drainMs = 30_000;

/** A few requests at once fill the door, and so does the body of one. */
const small = {
  ingestRequestsMax: "4",
  refusalDelayMs: "1",
  ingestQueueBytesMax: "65536",
  partitions: "4",
};

function batchOf(sender: number, batch: number) {
  const name = `${sender}-${batch}`;
  return Array.from({ length: batchEvents }, (_, i) =>
    played(`${name}-${i}`, `u${(sender * 3 + i) % 50}`, `i${(batch * 11 + i) % 80}`),
  );
}

test("a full queue answers 429 with whole seconds, loses nothing it acknowledged, answers all the while, and recovers", async () => {
  const server = await served(small);
  const wire = new Wire(server.url, server.keys!.serverKey, senders + 1);
  const refusals: WireReply[] = [];
  let isOver = false;
  const send = async (sender: number): Promise<void> => {
    for (let batch = 0; batch < batchesEach; batch++) {
      for (let tries = 0; ; tries++) {
        const reply = await wire.send("POST", "/v1/batch", { batch: batchOf(sender, batch) });
        if (reply.status === 200) {
          // What was refused was not kept in part: no event of the batch is a duplicate.
          expect(reply.body).toMatchObject({ accepted: batchEvents, duplicates: 0 });
          break;
        }
        refusals.push(reply);
        expect(tries).toBeLessThan(triesMax);
      }
    }
  };
  const ask = async (): Promise<void> => {
    while (!isOver) {
      const asked = { userId: "u1", placement: "up-next" };
      expect((await wire.send("POST", "/v1/recommendations", asked)).status).toBe(200);
    }
  };
  const asking = ask();
  await Promise.all(Array.from({ length: senders }, (_, sender) => send(sender)));
  isOver = true;
  await asking;

  expect(refusals.length).toBeGreaterThan(0);
  for (const { status, headers, body } of refusals) {
    expect([status, body["error"]]).toEqual([
      429,
      expect.objectContaining({ code: "rate_limited" }),
    ]);
    expect(headers["retry-after"]).toMatch(/^[1-9]\d*$/);
  }

  const { log } = server.attune;
  const times = new Map<string, number>();
  for await (const { records } of log.read(0))
    for (const record of records)
      if (record.kind === "event")
        times.set(record.messageHash, (times.get(record.messageHash) ?? 0) + 1);
  const sent = Array.from({ length: senders * batchesEach }, (_, n) =>
    batchOf(n % senders, Math.floor(n / senders)).map(({ messageId }) => String(messageId)),
  ).flat();
  expect(sent.filter((id) => times.get(messageHash(id)) !== 1)).toEqual([]);
  expect(times.size).toBe(sent.length);

  // Nothing is left in the queue once the last decision told is on the disk: one that leaked a place for each refusal
  // would be full for ever.
  await expect.poll(() => log.backlogBytes(), { timeout: drainMs }).toBe(0);
  for (let n = 0; n < 8; n++) {
    const reply = await wire.send("POST", "/v1/batch", { batch: batchOf(senders, n) });
    expect([reply.status, reply.body["accepted"]]).toEqual([200, batchEvents]);
  }
  wire.close();
});

/** Begins a request and hangs up once the server has let it in and waits for its body. */
async function breakOff(url: string, key: string): Promise<void> {
  const { hostname, port } = new URL(url);
  const socket = connect(Number(port), hostname);
  const head = ["POST /v1/batch HTTP/1.1", `Host: ${hostname}`, `Authorization: Bearer ${key}`];
  const rest = ["Content-Length: 1000", "Expect: 100-continue", "", '{"batch":['];
  socket.write([...head, ...rest].join("\r\n"));
  const [answer] = (await once(socket, "data")) as [Buffer];
  expect(answer.toString()).toMatch(/^HTTP\/1.1 100 /);
  socket.destroy();
  await once(socket, "close");
}

test("a connection that breaks in the middle of a body gives its place in the queue back", async () => {
  const server = await served({ ...small, ingestRequestsMax: "2" });
  const wire = new Wire(server.url, server.keys!.serverKey, 4);
  await Promise.all([1, 2].map(() => breakOff(server.url, server.keys!.serverKey)));
  // Once the server has heard of it, which is soon: a place never given back would mean 429 for ever.
  let status = 429;
  for (let tries = 0; status === 429 && tries < triesMax; tries++)
    ({ status } = await wire.send("POST", "/v1/batch", { batch: batchOf(0, 0) }));
  expect(status).toBe(200);
  wire.close();
});
