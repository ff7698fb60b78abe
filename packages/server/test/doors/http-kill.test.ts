/** kill -9 of `attune serve` at random moments, under load: each acknowledged event is there exactly once. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { expect, test } from "vitest";
import { readConfig } from "../../src/config.ts";
import { foldLimits } from "../../src/core/fold/state.ts";
import { verify } from "../../src/engine/verify.ts";
import { messageHash } from "../../src/ingest/message-hash.ts";
import { open } from "../../src/main.ts";
import { ServerProcess } from "./server-process.ts";
import { played, Wire } from "./wire.ts";

// A start of a process costs more than all it is tested for: 50 and 500 cycles are for the long runs.
const isLong = process.env["ATTUNE_LONG"] === "1";
const cycles = Number(process.env["ATTUNE_KILL_CYCLES"] ?? (isLong ? 500 : 10));
const cyclesPerFolder = 25;
const batchEvents = 10;

/** Sends one numbered batch after the other, and a batch again until it is acknowledged. */
class Sender {
  readonly #name: string;
  /** The first that is not acknowledged. */
  batch = 0;
  resent = 0;
  /** Fulfilled by the first acknowledgement. */
  readonly isHeard: Promise<void>;
  #isTried = false;
  #hear!: () => void;

  constructor(name: string) {
    this.#name = name;
    this.isHeard = new Promise((resolve) => (this.#hear = resolve));
  }

  ids(batch: number): string[] {
    return Array.from({ length: batchEvents }, (_, i) => `${this.#name}-${batch}-${i}`);
  }

  /** Ends when the connection does. */
  async send(wire: Wire): Promise<void> {
    for (;;) {
      const { batch } = this;
      const events = this.ids(batch).map((id, i) =>
        played(id, `${this.#name}-${(batch + i) % 30}`, `i${(batch * 7 + i * 3) % 100}`),
      );
      if (this.#isTried) this.resent++;
      this.#isTried = true;
      const reply = await wire.send("POST", "/v1/batch", { batch: events }).catch(() => undefined);
      if (reply === undefined) return;
      expect(reply.status).toBe(200);
      const { accepted, duplicates } = reply.body;
      expect(Number(accepted) + Number(duplicates)).toBe(batchEvents);
      this.#isTried = false;
      this.batch++;
      this.#hear();
    }
  }
}

/** Decisions go to the log too, unasked. */
async function ask(wire: Wire): Promise<void> {
  for (let n = 0; ; n++) {
    const asked = { userId: `s0-${n % 30}`, placement: "up-next", limit: 10 };
    const reply = await wire.send("POST", "/v1/recommendations", asked).catch(() => undefined);
    if (reply === undefined) return;
    expect(reply.status).toBe(200);
  }
}

async function cycle(
  data: string,
  senders: readonly Sender[],
  isEarly: boolean,
  fault?: "late",
): Promise<void> {
  const server = new ServerProcess(data, fault);
  if (isEarly) {
    // In the middle of its start, or just before or after.
    await pause(Math.random() * 1_500);
    await server.end("SIGKILL");
    return;
  }
  const serving = await server.listens;
  if (serving === undefined) throw new Error(`the server did not start again: ${server.errors}`);
  const wire = new Wire(serving.url, serving.keys.serverKey, senders.length + 1);
  const under = Promise.all([...senders.map((sender) => sender.send(wire)), ask(wire)]);
  // Something was acknowledged once before the first kill, however slow the machine.
  await Promise.race([senders[0]!.isHeard, under]);
  await Promise.race([pause(50 + Math.random() * 350), under]);
  await server.end("SIGKILL");
  await under;
  wire.close();
}

interface Found {
  /** Acknowledged, but not there. */
  lost: number;
  /** More than once there. */
  doubled: number;
  isVerified: boolean;
}

async function found(data: string, senders: readonly Sender[]): Promise<Found> {
  const attune = await open(readConfig({}, { data }));
  try {
    const { engine, log } = attune;
    const times = new Map<string, number>();
    for await (const { records } of log.read(0))
      for (const { kind, messageHash: hash } of records)
        if (kind === "event") times.set(hash, (times.get(hash) ?? 0) + 1);
    const acked = senders.flatMap((sender) =>
      Array.from({ length: sender.batch }, (_, batch) => sender.ids(batch)).flat(),
    );
    await engine.settled();
    const { isEqual } = await verify(log, engine, foldLimits);
    return {
      lost: acked.filter((id) => !times.has(messageHash(id))).length,
      doubled: [...times.values()].filter((count) => count > 1).length,
      isVerified: isEqual,
    };
  } finally {
    await attune.close();
  }
}

test(
  `through ${cycles} kills each acknowledged event is there exactly once, and the states are those of a replay`,
  async () => {
    let batches = 0;
    let resent = 0;
    for (let done = 0; done < cycles;) {
      const data = mkdtempSync(join(tmpdir(), "attune-http-kill-"));
      const senders = ["s0", "s1", "s2", "s3"].map((name) => new Sender(name));
      try {
        for (let i = 0; i < cyclesPerFolder && done < cycles; i++, done++)
          await cycle(data, senders, i % 5 === 4);
        expect(await found(data, senders)).toEqual({ lost: 0, doubled: 0, isVerified: true });
      } finally {
        rmSync(data, { recursive: true, force: true });
      }
      for (const sender of senders) {
        batches += sender.batch;
        resent += sender.resent;
      }
    }
    // The kills hit batches on their way, or nothing was shown.
    expect(resent).toBeGreaterThan(0);
    expect(batches).toBeGreaterThan(cycles);
    console.log(
      `${cycles} kills, ${batches * batchEvents} acknowledged events, ${resent} batches resent`,
    );
  },
  60_000 + cycles * 10_000,
);

test("a server that acknowledges before it appends is found out", async () => {
  const data = mkdtempSync(join(tmpdir(), "attune-http-kill-"));
  try {
    const senders = [new Sender("s0")];
    await cycle(data, senders, false, "late");
    expect((await found(data, senders)).lost).toBeGreaterThan(0);
  } finally {
    rmSync(data, { recursive: true, force: true });
  }
});
