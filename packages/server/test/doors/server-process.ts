/**
 * A server in a process of its own, for tests that put it under load or kill it: `attune serve`, or one with a
 * planted fault.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import type { DevelopmentKeys } from "../../src/access/development-keys.ts";

const sound = [join(import.meta.dirname, "../../src/cli/main.ts"), "serve", "--json"];
const late = [join(import.meta.dirname, "late-server.ts")];

export interface Serving {
  url: string;
  keys: DevelopmentKeys;
}

export class ServerProcess {
  /** What it said once it listened; nothing when it ended before. */
  readonly listens: Promise<Serving | undefined>;
  errors = "";
  readonly #process: ChildProcess;
  readonly #closed: Promise<unknown>;

  constructor(data: string, fault?: "late") {
    const script = fault === "late" ? late : sound;
    const args = [...script, "--port", "0", "--data", data];
    // The settings are those given here, whatever those of the test run are.
    const env = Object.fromEntries(
      Object.entries(process.env).filter(([name]) => !name.startsWith("ATTUNE_")),
    );
    this.#process = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "pipe"], env });
    this.#closed = once(this.#process, "close");
    this.#process.stderr!.setEncoding("utf8").on("data", (text: string) => (this.errors += text));
    this.listens = new Promise((resolve) => {
      let said = "";
      this.#process.stdout!.setEncoding("utf8").on("data", (text: string) => {
        said += text;
        if (said.trimEnd().endsWith("}\n}")) resolve(JSON.parse(said) as Serving);
      });
      void this.#closed.then(() => resolve(undefined));
    });
  }

  async end(signal: "SIGKILL" | "SIGTERM"): Promise<void> {
    this.#process.kill(signal);
    await this.#closed;
  }
}
