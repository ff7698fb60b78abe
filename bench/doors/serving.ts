/** The server that is measured, in a process of its own, and what it says about itself. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import type { DevelopmentKeys } from "../../packages/server/src/access/development-keys.ts";
import { Connection, get } from "./connection.ts";

const command = join(import.meta.dirname, "../../packages/server/src/cli/main.ts");
const bareScript = join(import.meta.dirname, "bare.ts");

interface Said {
  url: string;
  keys: DevelopmentKeys;
}

export class Serving {
  readonly port: number;
  readonly keys: DevelopmentKeys;
  readonly #process: ChildProcess;
  readonly #closed: Promise<unknown>;
  #door: Connection;

  private constructor(child: ChildProcess, said: Said, door: Connection) {
    this.#process = child;
    this.#closed = once(child, "close");
    this.port = Number(new URL(said.url).port);
    this.keys = said.keys;
    this.#door = door;
  }

  /** `attune serve` with default settings on a data directory; `settings` are flags. */
  static open(
    data: string,
    settings: readonly string[] = [],
    nodeFlags: readonly string[] = [],
  ): Promise<Serving> {
    const args = ["serve", "--json", "--port", "0", "--data", data, ...settings];
    return Serving.#start([...nodeFlags, command, ...args]);
  }

  /** A server of `node:http` that reads and parses bodies and does nothing with them. */
  static bare(): Promise<Serving> {
    return Serving.#start([bareScript]);
  }

  static async #start(args: readonly string[]): Promise<Serving> {
    // A profile of the server, where one is asked for: `ATTUNE_BENCH_NODE="--cpu-prof --cpu-prof-dir=..."`.
    const flags = (process.env["ATTUNE_BENCH_NODE"] ?? "").split(" ").filter((one) => one !== "");
    const env = Object.fromEntries(
      Object.entries(process.env).filter(([name]) => !name.startsWith("ATTUNE_")),
    );
    const child = spawn(
      process.execPath,
      ["--disable-warning=ExperimentalWarning", ...flags, ...args],
      {
        stdio: ["ignore", "pipe", "inherit"],
        env,
      },
    );
    process.once("exit", () => child.kill("SIGKILL"));
    const said = await new Promise<Said>((resolve, reject) => {
      let text = "";
      child.stdout.setEncoding("utf8").on("data", (chunk: string) => {
        text += chunk;
        if (text.trimEnd().endsWith("}\n}")) resolve(JSON.parse(text) as Said);
      });
      child.once("close", () => reject(new Error("the server ended before it listened")));
    });
    return new Serving(child, said, await Connection.open(Number(new URL(said.url).port)));
  }

  /** A figure of /metrics; those with labels are summed. */
  async metric(name: string): Promise<number> {
    // A server closes a connection that was idle for long.
    if (this.#door.isClosed) this.#door = await Connection.open(this.port);
    const { body } = await this.#door.send(get("/metrics"));
    let sum = 0;
    for (const line of body.toString().split("\n"))
      if (line.startsWith(`${name} `) || line.startsWith(`${name}{`))
        sum += Number(line.slice(line.lastIndexOf(" ") + 1));
    return sum;
  }

  /** Processor time of all its threads so far, s. */
  cpuS(): Promise<number> {
    return this.metric("process_cpu_seconds_total");
  }

  rssBytes(): Promise<number> {
    return this.metric("process_resident_memory_bytes");
  }

  /** Resolves when everything durable is folded. */
  async folded(): Promise<void> {
    while ((await this.metric("attune_fold_lag_commits")) > 0) await pause(1);
  }

  async close(): Promise<void> {
    this.#door.close();
    this.#process.kill("SIGTERM");
    await this.#closed;
  }
}
