/** Runs measurements one after the other, each in processes of its own, over directories prepared once. */
import { mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { type Measured, type Measurement, median, say, scaled } from "./figures.ts";
import type { Load } from "./generate.ts";
import type { Sizes } from "./curves/axes.ts";
import { inProcess } from "./process.ts";

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

  readonly #curves: Sizes;

  constructor(root: string, load: Load, curves: Sizes) {
    this.#root = root;
    this.#load = load;
    this.#curves = curves;
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
        runs.push(
          await inProcess({
            do: "measure",
            name,
            dir,
            data,
            load: this.#load,
            curves: this.#curves,
          }),
        );
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
