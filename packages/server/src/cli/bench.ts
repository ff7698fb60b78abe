import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { CodedError } from "@attune/protocol";
import type { Command } from "./command.ts";

const path = join(import.meta.dirname, "../../../../bench/main.ts");

/** The benchmarks are no part of the package: they run from a checkout. */
export const command: Command = {
  name: "bench",
  summary: "run the benchmarks of this checkout",
  help: "attune bench [...]\n\nRuns bench/main.ts of this checkout with the same arguments.\n",
  async run(argv) {
    if (!existsSync(path)) {
      throw new CodedError(
        "not_found",
        "There is no bench/main.ts here: benchmarks run from a checkout.",
      );
    }
    const child = spawn(process.execPath, [path, ...argv], { stdio: "inherit" });
    return new Promise((resolve) => child.on("exit", (code) => resolve(code ?? 1)));
  },
};
