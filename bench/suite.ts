/** Runs measurements one after the other, each in processes of its own, over directories prepared once. */
import { fork } from "node:child_process";
import { mkdirSync, rmSync } from "node:fs";
import { totalmem } from "node:os";
import { join } from "node:path";
import { type Measured, type Measurement, median, say, scaled } from "./figures.ts";
import type { Load } from "./generate.ts";
import type { Outcome, Task } from "./run.ts";

export interface Result {
  name: string;
  title: string;
  method: string;
  seconds: number;
  measured?: Measured | undefined;
  /** Why there are no figures. */
  error?: string | undefined;
}

export class Suite {
  readonly #root: string;
  readonly #load: Load;
  readonly #prepared = new Map<"data" | "tail", Promise<string>>();

  constructor(root: string, load: Load) {
    this.#root = root;
    this.#load = load;
  }

  async run(measurement: Measurement): Promise<Result> {
    const { name, title, method } = measurement;
    let start = performance.now();
    try {
      const data = measurement.needs === undefined ? "" : await this.#prepare(measurement.needs);
      say(`${name}: begins`);
      start = performance.now();
      const runs: Measured[] = [];
      const processes = scaled(measurement.processes ?? 1, this.#load, 1);
      while (runs.length < processes) {
        const dir = join(this.#root, name);
        mkdirSync(dir, { recursive: true });
        runs.push(await inProcess({ do: "measure", name, dir, data, load: this.#load }));
        rmSync(dir, { recursive: true, force: true });
      }
      const seconds = (performance.now() - start) / 1000;
      return { name, title, method, seconds, measured: medians(runs) };
    } catch (error) {
      const seconds = (performance.now() - start) / 1000;
      return { name, title, method, seconds, error: (error as Error).message };
    }
  }

  #prepare(needs: "data" | "tail"): Promise<string> {
    const known = this.#prepared.get(needs);
    if (known !== undefined) return known;
    const prepared = this.#make(needs);
    this.#prepared.set(needs, prepared);
    return prepared;
  }

  async #make(needs: "data" | "tail"): Promise<string> {
    const data = needs === "data" ? "" : await this.#prepare("data");
    const dir = join(this.#root, `prepared-${needs}`);
    mkdirSync(dir, { recursive: true });
    say(`preparing ${needs}`);
    await inProcess({ do: `prepare ${needs}`, name: needs, dir, data, load: this.#load });
    return dir;
  }
}

/** The first run with every value replaced by the median over all runs; they name the same figures. */
function medians(runs: readonly Measured[]): Measured {
  const [first] = runs as [Measured];
  const figures = first.figures.map((figure, i) => ({
    ...figure,
    value: median(runs.map((run) => run.figures[i]!.value)),
  }));
  return { ...first, figures };
}

function inProcess(task: Task): Promise<Measured> {
  return new Promise((resolve, reject) => {
    const child = fork(new URL("./run.ts", import.meta.url), {
      execArgv: ["--expose-gc", "--disable-warning=ExperimentalWarning", ...heapOptions(task.load)],
      // What a measurement prints is progress: standard output belongs to the results.
      stdio: ["ignore", "ignore", "inherit", "ipc"],
      serialization: "advanced",
    });
    let outcome: Outcome = { error: `${task.do} ${task.name} ended without a result` };
    child.on("message", (message) => (outcome = message as Outcome));
    child.on("error", reject);
    child.on("exit", () => {
      if ("error" in outcome) reject(new Error(outcome.error));
      else resolve(outcome.measured);
    });
    child.send(task);
  });
}

/** Up to the default size the default heap does; beyond it the decoded states of millions of users need more. */
function heapOptions(load: Load): string[] {
  if (load.interactions <= 1_000_000) return [];
  return [`--max-old-space-size=${Math.floor((totalmem() / 2 ** 20) * 0.7)}`];
}
