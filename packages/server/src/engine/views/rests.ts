import { availableParallelism } from "node:os";

/** Rests are so many times as long as the step before, where the other threads leave the cores free. */
const restsWhenFree = 3;
/** The machine counts as busy from this share of all its cores' time on. */
const busyPermille = 250;
/** How long a look at the other threads holds, ms. */
const lookEveryMs = 500;

export interface Machine {
  /** Cores that the process may use. */
  cores: number;
  /** Processor time that the other threads of the process have taken so far, ms. */
  othersMs(): number;
  nowMs(): number;
}

/**
 * How long a solve rests between its steps. Whoever shares its cores or its caches feels each step: while the other
 * threads are busy it keeps to the part of a core that it has on the whole, and takes a quarter of one while they are not.
 */
export class Rests {
  readonly #whenBusy: number;
  readonly #machine: Machine;
  #lookedAt: number;
  #othersMs: number;
  #isBusy = true;

  /** `corePermille`: the part of one core that solves may take on the whole. Until the first look others count as busy. */
  constructor(corePermille: number, machine: Machine = thisMachine()) {
    this.#whenBusy = Math.max(restsWhenFree, 1_000 / Math.max(1, corePermille) - 1);
    this.#machine = machine;
    this.#lookedAt = machine.nowMs();
    this.#othersMs = machine.othersMs();
  }

  /** After a step of `stepMs`, ms. */
  after(stepMs: number): number {
    this.#look();
    return stepMs * (this.#isBusy ? this.#whenBusy : restsWhenFree);
  }

  #look(): void {
    const now = this.#machine.nowMs();
    const wallMs = now - this.#lookedAt;
    if (wallMs < lookEveryMs) return;
    const othersMs = this.#machine.othersMs();
    const busyMs = othersMs - this.#othersMs;
    this.#isBusy = busyMs * 1_000 >= wallMs * this.#machine.cores * busyPermille;
    this.#lookedAt = now;
    this.#othersMs = othersMs;
  }
}

function thisMachine(): Machine {
  return {
    cores: availableParallelism(),
    othersMs: () => {
      const [all, own] = [process.cpuUsage(), process.threadCpuUsage()];
      return (all.user + all.system - own.user - own.system) / 1_000;
    },
    nowMs: () => performance.now(),
  };
}
