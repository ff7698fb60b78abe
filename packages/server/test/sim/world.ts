/**
 * A machine with a log, a checkpoint and an engine on simulated disks, and the people who use it. It lives
 * until the power goes or its log refuses, and is then started again from what the disks hold.
 */
import { Prng } from "../../src/base/prng.ts";
import type { FoldLimits } from "../../src/core/fold/state.ts";
import { CheckpointContents } from "../../src/engine/checkpoint/memory.ts";
import { storedDedupe } from "../../src/engine/checkpoint/checkpointer.ts";
import { Engine } from "../../src/engine/engine.ts";
import { type Log, LogUnavailableError, type Removal } from "../../src/log/log.ts";
import { openMemoryLog } from "../../src/log/memory.ts";
import { smallLimits } from "../laws/generate.ts";
import { makeCast, type Person } from "./cast.ts";
import type { Guard } from "./guard.ts";
import { type CheckpointFaults, type DiskFaults, Io, SimCheckpoint, SimDisk } from "./io.ts";
import { presenceFaults, Ledger } from "./ledger.ts";
import { over, replayFaults, sumFaults } from "./laws.ts";

/** Where a bug can be planted. */
export interface Plant {
  disk?: DiskFaults | undefined;
  checkpoint?: ((world: World) => CheckpointFaults) | undefined;
  /** The log as the engine sees it. */
  log?: ((log: Log) => Log) | undefined;
  /** The time that an opening log is told. */
  openedAt?: ((now: number) => number) | undefined;
  limits?: Readonly<FoldLimits> | undefined;
  /** Changes code for the run; returns how to change it back. */
  patch?: (() => () => void) | undefined;
}

export type Outcome<T> = { value: T } | { error: unknown } | "down";

export interface Decided {
  id: string;
  tenant: number;
  person: Person;
}

export class World {
  readonly prng: Prng;
  readonly plant: Plant;
  readonly cast = makeCast();
  readonly ledger = new Ledger();
  readonly contents = new CheckpointContents();
  readonly decided: Decided[] = [];
  readonly limits: Readonly<FoldLimits>;
  readonly guard: Guard;
  now = Date.UTC(2026, 2, 1, 22);
  lives = 0;
  checks = 0;
  io!: Io;
  disk!: SimDisk;
  log!: Log;
  engineLog!: Log;
  engine!: Engine;
  #witness!: SimDisk;
  #diskContent: Uint8Array = new Uint8Array(0);
  #witnessContent: Uint8Array = new Uint8Array(0);
  #epochs = 0;
  #isBroken = false;

  constructor(seed: number, guard: Guard, plant: Plant) {
    this.prng = new Prng(seed);
    this.guard = guard;
    this.plant = plant;
    this.limits = plant.limits ?? smallLimits;
  }

  /** The power is gone, or the log or the engine has stopped: only a new start helps. */
  get hasStopped(): boolean {
    return this.io.isDown || this.#isBroken || this.engine.failure !== undefined;
  }

  /** Starts the machine, again and again if the power goes meanwhile. */
  async start(): Promise<void> {
    for (let attempt = 0; attempt < 20; attempt++) {
      this.guard.life = ++this.lives;
      this.#isBroken = false;
      this.io = new Io(this.prng);
      if (attempt < 3 && this.prng.chance(0.2)) this.io.crashIn = this.prng.below(8);
      this.disk = new SimDisk(this.io, "log", this.#diskContent, this.plant.disk);
      this.#witness = new SimDisk(this.io, "witness", this.#witnessContent);
      const opened = await this.run(this.#open());
      if (opened !== "down") {
        if ("error" in opened) throw opened.error;
        return;
      }
      this.lose();
    }
    throw new Error("the machine does not start in 20 attempts");
  }

  async #open(): Promise<void> {
    const checkpoint = new SimCheckpoint(
      this.io,
      this.contents,
      this.plant.checkpoint?.(this) ?? {},
    );
    let isOpen = false;
    const log = await openMemoryLog({
      partitions: 4,
      disk: this.disk,
      witness: this.#witness,
      makeEpoch: () => `epoch${++this.#epochs}`,
      now: () => (isOpen ? this.now : (this.plant.openedAt?.(this.now) ?? this.now)),
      salt: this.prng.next(),
      dedupe: storedDedupe(checkpoint),
    });
    isOpen = true;
    this.log = log;
    const watched = over(log, {
      rewrite: (tenant, subject, removal) => {
        this.#watchRewrite(tenant, subject, removal);
        return log.rewrite(tenant, subject, removal);
      },
    });
    this.engineLog = this.plant.log?.(watched) ?? watched;
    this.engine = await Engine.open({
      log: this.engineLog,
      checkpoint,
      now: () => this.now,
      limits: this.limits,
      hotUsersMax: 5,
      checkpointRecords: 0,
      startId: `start${this.lives}`,
    });
    for (const entry of this.engine.outbox.waiting()) this.ledger.hear(entry);
    this.engine.outbox.onEffect((entry) => this.ledger.hear(entry));
  }

  /** Law: bytes leave the log only when a durable checkpoint says that they must. */
  #watchRewrite(tenant: number, subject: string, removal: Removal): void {
    const purge = this.contents.rows.get(`${tenant}/${subject}`)?.purge ?? [];
    const asked = JSON.stringify(removal);
    if (!purge.some((one) => JSON.stringify(one) === asked)) {
      this.ledger.broken.push(
        `the log is rewritten for ${subject} before the checkpoint is durable`,
      );
    }
  }

  /** The power goes. What the disks hold afterwards is what the next start finds. */
  lose(): void {
    this.io.powerOff();
    this.#diskContent = this.disk.afterCrash(this.prng);
    this.#witnessContent = this.#witness.afterCrash(this.prng);
  }

  /** Lets I/O happen until the work is done, fails, or the power is gone. */
  async run<T>(work: Promise<T>): Promise<Outcome<T>> {
    let outcome: Outcome<T> | undefined;
    work.then(
      (value) => (outcome = { value }),
      (error: unknown) => (outcome = { error }),
    );
    for (let idle = 0; ;) {
      await turn();
      if (this.io.isDown) return "down";
      if (outcome !== undefined) return outcome;
      idle = this.io.step() === undefined ? idle + 1 : 0;
      if (idle > 50) throw new Error("nothing is under way and the work does not end");
    }
  }

  /** The same where a failure is the log's or nobody's. */
  async finish<T>(work: Promise<T>): Promise<T | undefined> {
    const outcome = await this.run(work);
    if (outcome === "down") return undefined;
    if ("value" in outcome) return outcome.value;
    this.refused(outcome.error);
    return undefined;
  }

  /** Goes on without waiting. */
  begin<T>(work: Promise<T>, then: (value: T) => void): void {
    const engine = this.engine;
    work.then(
      (value) => {
        if (engine === this.engine) then(value);
      },
      (error: unknown) => {
        if (engine === this.engine) this.refused(error);
      },
    );
  }

  /** The log may refuse for want of space, or for good; everything else is a fault. */
  refused(error: unknown): void {
    const cause = logRefusal(error);
    if (cause === undefined) this.ledger.broken.push(`unexpected: ${textOf(error)}`);
    else if (cause.reason !== "full") this.#isBroken = true;
  }

  /** Nothing is under way any more. */
  async quiet(): Promise<boolean> {
    for (let round = 0; round < 2; round++) {
      await this.finish(this.engine.settled());
      while (!this.hasStopped && this.io.step() !== undefined) await turn();
    }
    return !this.hasStopped;
  }

  /** Holds the machine against the laws that hold at any time. */
  async check(): Promise<void> {
    if (!(await this.quiet())) return;
    this.checks += 1;
    const { broken } = this.ledger;
    broken.push(...sumFaults(this.engine, this.limits));
    broken.push(...(await replayFaults(this.log, this.engine, this.limits)));
    broken.push(...(await presenceFaults(this.ledger, this.log)));
  }

  /** After the machine stopped: was it allowed to, and does it come back whole? */
  async restart(): Promise<void> {
    const { failure } = this.engine;
    if (failure !== undefined && logRefusal(failure) === undefined) {
      this.ledger.broken.push(`the engine stopped: ${textOf(failure)}`);
    }
    this.lose();
    await this.start();
    await this.check();
  }
}

/** Everything that can go on without I/O goes on. */
function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

function logRefusal(error: unknown): LogUnavailableError | undefined {
  for (let one = error; one instanceof Error; one = one.cause) {
    if (one instanceof LogUnavailableError) return one;
  }
  return undefined;
}

export function textOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const cause = error.cause === undefined ? "" : ` <- ${textOf(error.cause)}`;
  const at = /\n\s+at (.*src\/.*)/.exec(error.stack ?? "")?.[1]?.replace(/.*\/src\//, "") ?? "";
  return `${error.name}: ${error.message} (${at})${cause}`;
}
