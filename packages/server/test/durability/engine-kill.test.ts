/**
 * kill -9 of a whole engine at random moments, in one data directory: every acknowledged record is there once,
 * and what stands in the checkpoint and the tail is what a replay of the log from zero gives.
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it } from "vitest";
import { foldLimits } from "../../src/core/fold/state.ts";
import { Replay, verify } from "../../src/engine/verify.ts";
import { sumFaults } from "../sim/laws.ts";
import { pause } from "./child.ts";
import { count, openData, tenant } from "./engine-data.ts";

const cycles = Number(
  process.env["ATTUNE_KILL_CYCLES"] ?? (process.env["ATTUNE_LONG"] === "1" ? 500 : 50),
);
const cyclesPerVerify = 10;
const writerPath = join(import.meta.dirname, "engine-writer.ts");

interface Life {
  acked: number;
  errors: string;
}

/** One life of the writer, from its start to its kill. */
async function live(
  dir: string,
  first: number,
  startedAt: number,
  isEarly: boolean,
): Promise<Life> {
  const args = [writerPath, dir, String(first), String(startedAt)];
  const child = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "pipe"] });
  const closed = once(child, "close");
  const life: Life = { acked: first - 1, errors: "" };
  let rest = "";
  let hasOpened = (): void => undefined;
  const opened = new Promise<void>((resolve) => (hasOpened = resolve));
  void closed.then(hasOpened);
  child.stderr.setEncoding("utf8").on("data", (text: string) => (life.errors += text));
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    const lines = (rest + text).split("\n");
    rest = lines.pop() ?? "";
    for (const line of lines) {
      if (line === "open") hasOpened();
      else life.acked = Math.max(life.acked, Number(line.split(" ")[1]));
    }
  });
  // One in five is hit at its start, perhaps while it restores.
  if (!isEarly) await opened;
  await pause(Math.random() * (isEarly ? 600 : 250));
  child.kill("SIGKILL");
  await closed;
  return life;
}

it(
  `an engine keeps what it acknowledged and stays true to its log through ${cycles} kills`,
  async () => {
    const dir = mkdtempSync(join(tmpdir(), "attune-engine-kill-"));
    const startedAt = Date.now();
    let acked = -1;
    let verified = 0;
    try {
      for (let cycle = 1; cycle <= cycles; cycle++) {
        const life = await live(dir, acked + 1, startedAt, cycle % 5 === 0);
        expect(life.errors).toBe("");
        acked = life.acked;
        if (cycle % cyclesPerVerify !== 0 && cycle !== cycles) continue;
        const { log, engine, close } = await openData(dir, `parent${cycle}`);
        await engine.settled();
        const counted = await count(log);
        expect(counted.doubled).toBe(0);
        expect(counted.unbroken).toBeGreaterThanOrEqual(acked);
        expect(sumFaults(engine, foldLimits)).toEqual([]);
        expect((await verify(log, engine, foldLimits)).differences).toEqual([]);
        const replay = new Replay(log, foldLimits);
        await replay.run(engine.seq);
        const { catalogue } = engine.tenant(tenant);
        expect(catalogue.size).toBeGreaterThan(0);
        expect(catalogue.toJSON()).toEqual(replay.tenant(tenant).catalogue.toJSON());
        await close();
        verified += 1;
      }
      expect(acked).toBeGreaterThan(cycles * 10);
      console.log(
        `${cycles} kills, ${acked + 1} messages acknowledged, verified ${verified} times`,
      );
    } finally {
      rmSync(dir, { recursive: true, force: true });
    }
  },
  60_000 + cycles * 8_000,
);
