/** Starts the writer and listens to what it acknowledges. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";

const writerPath = join(import.meta.dirname, "writer.ts");

export class WriterChild {
  readonly process: ChildProcess;
  /** Every number up to this is acknowledged. */
  acked: number;
  /** Resolves when the log is open, or the process gone. */
  readonly opened: Promise<void>;
  /** What it said when an append failed. */
  failure: { reason: string; acksAfter: number } | undefined;
  errors = "";
  readonly #closed: Promise<unknown>;
  #rest = "";
  #hasOpened: () => void = () => undefined;

  /** `wrap` comes before the command, for a tracer. */
  constructor(path: string, first: number, synchronous = "FULL", wrap: readonly string[] = []) {
    this.acked = first - 1;
    const own = [process.execPath, writerPath, path, String(first), synchronous];
    const [command, ...args] = [...wrap, ...own] as [string, ...string[]];
    this.process = spawn(command, args, { stdio: ["ignore", "pipe", "pipe"] });
    this.process.stdout?.setEncoding("utf8").on("data", (text: string) => this.#hear(text));
    this.process.stderr?.setEncoding("utf8").on("data", (text: string) => (this.errors += text));
    this.#closed = once(this.process, "close");
    this.opened = new Promise((resolve) => (this.#hasOpened = resolve));
    void this.#closed.then(() => this.#hasOpened());
  }

  /** Resolves when the process is gone and all it said was heard. */
  async closed(): Promise<void> {
    await this.#closed;
  }

  async kill(): Promise<void> {
    this.process.kill("SIGKILL");
    await this.#closed;
  }

  #hear(text: string): void {
    const lines = (this.#rest + text).split("\n");
    this.#rest = lines.pop() ?? "";
    for (const line of lines) {
      const [word, first, second] = line.split(" ");
      if (word === "open") this.#hasOpened();
      if (word === "ack") this.acked = Math.max(this.acked, Number(first));
      if (word === "error") this.failure = { reason: first ?? "", acksAfter: Number(second) };
    }
  }
}

export function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
