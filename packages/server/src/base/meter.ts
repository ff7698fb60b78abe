/**
 * Counters, gauges and histograms of one process, written in the Prometheus text format (exposition format
 * 0.0.4). They measure and decide nothing: no state or answer may depend on one.
 */
export type Labels = Readonly<Record<string, string>>;

/** Upper bounds in seconds: from 0.1 ms to 10 s, three a decade. */
const latencyBounds: readonly number[] = [
  0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10,
];

/** Label sets of one metric; beyond it further ones are counted together as `other`. */
const seriesMax = 1_000;

interface Series {
  labels: string;
  value: number;
  counts: Float64Array;
}

class Metric {
  readonly name: string;
  readonly help: string;
  readonly type: "counter" | "gauge" | "histogram";
  readonly bounds: readonly number[];
  readonly #series = new Map<string, Series>();

  constructor(name: string, help: string, type: Metric["type"], bounds: readonly number[]) {
    this.name = name;
    this.help = help;
    this.type = type;
    this.bounds = bounds;
  }

  series(labels: Labels | undefined): Series {
    const text = labels === undefined ? "" : textOf(labels);
    const known = this.#series.get(text);
    if (known !== undefined) return known;
    const key = this.#series.size >= seriesMax ? 'other="true"' : text;
    const made = { labels: key, value: 0, counts: new Float64Array(this.bounds.length + 1) };
    this.#series.set(key, this.#series.get(key) ?? made);
    return this.#series.get(key)!;
  }

  clear(): void {
    this.#series.clear();
  }

  text(): string {
    const lines = [`# HELP ${this.name} ${this.help}`, `# TYPE ${this.name} ${this.type}`];
    for (const series of this.#series.values()) {
      if (this.type === "histogram") this.#histogram(series, lines);
      else lines.push(`${this.name}${braced(series.labels)} ${series.value}`);
    }
    return lines.join("\n");
  }

  #histogram({ labels, value, counts }: Series, lines: string[]): void {
    let total = 0;
    for (let i = 0; i < counts.length; i++) {
      total += counts[i]!;
      const bound = i < this.bounds.length ? String(this.bounds[i]) : "+Inf";
      const all = labels === "" ? `le="${bound}"` : `${labels},le="${bound}"`;
      lines.push(`${this.name}_bucket{${all}} ${total}`);
    }
    lines.push(`${this.name}_sum${braced(labels)} ${value}`);
    lines.push(`${this.name}_count${braced(labels)} ${total}`);
  }
}

export class Meter {
  readonly #metrics = new Map<string, Metric>();
  readonly #readers: (() => void)[] = [];

  /** A count that only grows; its name ends in `_total`. */
  counter(name: string, help: string): (by?: number, labels?: Labels) => void {
    const metric = this.#metric(name, help, "counter", []);
    return (by = 1, labels) => {
      metric.series(labels).value += by;
    };
  }

  /** A value read when the metrics are. */
  gauge(name: string, help: string, read: () => number): void {
    const metric = this.#metric(name, help, "gauge", []);
    this.#readers.push(() => {
      metric.series(undefined).value = read();
    });
  }

  /** Values with labels, read when the metrics are; what is not among them any more is gone. */
  gauges(name: string, help: string, read: () => Iterable<[Labels, number]>): void {
    const metric = this.#metric(name, help, "gauge", []);
    this.#readers.push(() => {
      metric.clear();
      for (const [labels, value] of read()) metric.series(labels).value = value;
    });
  }

  /** Durations; the name ends in `_seconds`, the observed value is in milliseconds. */
  latency(name: string, help: string): (ms: number, labels?: Labels) => void {
    const metric = this.#metric(name, help, "histogram", latencyBounds);
    return (ms, labels) => {
      const series = metric.series(labels);
      const seconds = ms / 1000;
      let bucket = 0;
      while (bucket < latencyBounds.length && seconds > latencyBounds[bucket]!) bucket++;
      series.counts[bucket] = series.counts[bucket]! + 1;
      series.value += seconds;
    };
  }

  text(): string {
    for (const read of this.#readers) read();
    return `${[...this.#metrics.values()].map((metric) => metric.text()).join("\n")}\n`;
  }

  #metric(name: string, help: string, type: Metric["type"], bounds: readonly number[]): Metric {
    const known = this.#metrics.get(name);
    if (known !== undefined) return known;
    const metric = new Metric(name, help, type, bounds);
    this.#metrics.set(name, metric);
    return metric;
  }
}

function textOf(labels: Labels): string {
  return Object.entries(labels)
    .map(([name, value]) => `${name}="${escaped(value)}"`)
    .join(",");
}

function escaped(value: string): string {
  return value.replaceAll("\\", "\\\\").replaceAll('"', '\\"').replaceAll("\n", "\\n");
}

function braced(labels: string): string {
  return labels === "" ? "" : `{${labels}}`;
}
