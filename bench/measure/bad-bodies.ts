/** Memory of the server while bodies come that no client should send: it must not grow with their number. */
import { request } from "node:http";
import { type BadBody, badBodies } from "../doors/bad-bodies.ts";
import { Serving } from "../doors/serving.ts";
import { type Measured, type Measurement, say, scaled, type Setting } from "../figures.ts";

const roundsMax = 240;
const atOnce = 4;

export const badBodiesMemory: Measurement = {
  name: "bad-bodies",
  title: "Memory under bad bodies",
  method:
    `\`attune serve\` gets ${roundsMax} rounds of bodies, ${atOnce} at once: the naughty strings, nesting 10,000 deep, 20,000 keys, ` +
    "a text of 1 MB, 3,000 events, broken JSON, 1 MB of noise, 5 MB of blanks, 100 MB of blanks packed into 100 kB, a packed " +
    "body cut off, an unknown packing, nothing. Each must get one of the answers that are right for it, none a 5xx. " +
    "Resident memory is read after every round. In the first quarter of the rounds the good events among the bad are new, " +
    "so they are kept; after it they are those of the first quarter again, duplicates, so that nothing more is to be kept. " +
    "Half of the rounds is for the heap to find its size; what counts is how far the highest reading of the last quarter " +
    "lies above the highest of the one before.",
  run,
};

async function run({ load, dir }: Setting): Promise<Measured> {
  const server = await Serving.open(dir);
  const rounds = scaled(roundsMax, load, 4);
  const newRounds = Math.floor(rounds / 4);
  const rss: number[] = [];
  const statuses = new Map<number, number>();
  for (let round = 0; round < rounds; round++) {
    const waiting = badBodies(round % newRounds);
    const sender = async (): Promise<void> => {
      for (let bad = waiting.shift(); bad !== undefined; bad = waiting.shift()) {
        const status = await send(server, bad);
        if (!bad.statuses.includes(status)) throw new Error(`${bad.name}: answered ${status}`);
        statuses.set(status, (statuses.get(status) ?? 0) + 1);
      }
    };
    await Promise.all(Array.from({ length: atOnce }, sender));
    rss.push((await server.rssBytes()) / 2 ** 20);
    if (round % 40 === 39)
      say(`bad-bodies: round ${round + 1} of ${rounds}, ${rss.at(-1)!.toFixed(0)} MB`);
  }
  await server.close();
  const quarter = (n: number) =>
    Math.max(...rss.slice(Math.floor((rounds * n) / 4), Math.floor((rounds * (n + 1)) / 4)));
  const answered = [...statuses].sort(([a], [b]) => a - b).map(([status, n]) => `${n} x ${status}`);
  return {
    notes: [`Answers: ${answered.join(", ")}.`],
    figures: [
      { name: "resident, highest of the third quarter", value: quarter(2), unit: "MiB" },
      { name: "resident, highest of the last quarter", value: quarter(3), unit: "MiB" },
      {
        name: "growth between",
        value: Math.max(0, quarter(3) - quarter(2)),
        unit: "MiB",
        floor: { side: "at most", value: 32 },
      },
    ],
  };
}

/** A client library here, since the server may answer and hang up before it has read all of a body. */
function send(server: Serving, { headers, body }: BadBody): Promise<number> {
  return new Promise((resolve, reject) => {
    const sent = request({
      port: server.port,
      path: "/v1/batch",
      method: "POST",
      headers: {
        ...headers,
        Authorization: `Bearer ${server.keys.serverKey}`,
        "Content-Type": "application/json",
        "Content-Length": body.length,
      },
    });
    let status = 0;
    sent.on("response", (response) => {
      status = response.statusCode ?? 0;
      response.resume().on("close", () => resolve(status));
    });
    sent.on("error", (error) => (status === 0 ? reject(error) : resolve(status)));
    sent.end(body);
  });
}
