/**
 * One simulated life of a machine, drawn from a seed: same seed, same trace. It ends at the first broken law,
 * or after the steps asked for with a last crash, a last check of everything and a clean start.
 */
import { createHash } from "node:crypto";
import { replayDecisions } from "../../src/engine/replay-decisions.ts";
import { snapshotOf } from "../../src/engine/verify.ts";
import { Guard } from "./guard.ts";
import { canariesIn, replayed } from "./laws.ts";
import { checkGone, steps } from "./steps.ts";
import { type Plant, textOf, World } from "./world.ts";

export interface Simulation {
  seed: number;
  /** SHA-256 over the trace and the last states and sums. */
  hash: string;
  trace: string[];
  /** Empty when all laws held. */
  broken: string[];
  lives: number;
  checks: number;
  messages: number;
  decisions: number;
  forgotten: number;
}

export async function simulate(
  seed: number,
  count: number,
  plant: Plant = {},
): Promise<Simulation> {
  const guard = new Guard();
  const world = new World(seed, guard, plant);
  const trace: string[] = [];
  const restore = plant.patch?.();
  guard.stand();
  let hash = "";
  try {
    await live(world, count, trace);
    if (world.ledger.broken.length === 0) await end(world);
    hash = hashOf(world, trace);
  } catch (error) {
    world.ledger.broken.push(`the simulation threw ${textOf(error)}`);
  } finally {
    guard.leave();
    world.ledger.broken.push(...guard.refused);
    restore?.();
    world.io?.powerOff();
  }
  return {
    seed,
    hash,
    trace,
    broken: world.ledger.broken,
    lives: world.lives,
    checks: world.checks,
    messages: world.ledger.messages.length,
    decisions: world.decided.length,
    forgotten: world.ledger.messages.filter(({ mustGo }) => mustGo).length,
  };
}

async function live(world: World, count: number, trace: string[]): Promise<void> {
  await world.start();
  const bases = { analytics: "contract", personalization: "contract" } as const;
  await world.finish(world.engine.setPolicy(1, { bases }));
  for (let i = 0; i < count && world.ledger.broken.length === 0; i++) {
    if (world.hasStopped) {
      await world.restart();
      trace.push(`${i} restart: life ${world.lives} at ${world.engine.seq}`);
      continue;
    }
    const step = world.prng.weighted(steps);
    const detail = await step.run(world);
    await new Promise((resolve) => setImmediate(resolve));
    trace.push(`${i} ${step.name}: ${detail}`);
  }
}

/** The last hours: everything arrives, the power goes once more, and nothing may be missing. */
async function end(world: World): Promise<void> {
  const { ledger } = world;
  world.disk.capacity = Infinity;
  await settle(world);
  await world.check();
  world.lose();
  await world.restart();
  await settle(world);
  await checkGone(world);
  await settle(world);
  await world.check();
  for (const id of ledger.lostEffects(world.engine.outbox.waiting())) {
    ledger.broken.push(`effect ${id} was never delivered and waits nowhere`);
  }
  for (const { decision, outcome } of await replayDecisions(world.log, world.limits)) {
    if (outcome === "different") ledger.broken.push(`decision ${decision.id} replays otherwise`);
  }
  const twice = [1, 2].map(() => replayed(world.log, world.limits, world.engine.seq));
  const [first, second] = (await Promise.all(twice)).map((snapshot) => JSON.stringify(snapshot));
  if (first !== second) ledger.broken.push("core run twice gives two results");
}

async function settle(world: World): Promise<void> {
  for (let attempt = 0; attempt < 20; attempt++) {
    world.disk.capacity = Infinity;
    world.io.crashIn = -1;
    world.io.failIn = -1;
    if (!world.hasStopped && (await world.quiet())) return;
    await world.restart();
  }
  throw new Error("the machine does not come to rest");
}

function hashOf(world: World, trace: readonly string[]): string {
  const { engine, disk } = world;
  const last = JSON.stringify([snapshotOf(engine), canariesIn(disk.content()), engine.outbox.size]);
  return createHash("sha256")
    .update(`${trace.join("\n")}\n${last}`)
    .digest("hex");
}
