import { copyFileSync, existsSync, mkdirSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { CodedError } from "@attune/protocol";
import { open, paths } from "../main.ts";
import { manifestName, sumOf } from "../manifest.ts";
import { writeDurably } from "../tenants.ts";
import { type Command, exitCodes, helpOf, readOptions, usage } from "./command.ts";
import { grouped, print, printJson } from "./terminal.ts";

export const command: Command = {
  name: "backup",
  summary: "a checksummed copy of a data directory",
  help: helpOf(
    "backup DIR [options]",
    `Copies the log, the states, all keys and the erasure ledger into DIR, which must be new or empty,
with a manifest of SHA-256 sums. Whoever has the copy can read everything: keep it as safe as the original.`,
    {},
  ),
  async run(argv) {
    const given = readOptions("backup", {}, argv, 1);
    const [target] = given.operands;
    if (target === undefined) throw usage("backup", "name a directory");
    if (existsSync(target) && readdirSync(target).length > 0) {
      throw new CodedError(
        "data_invalid",
        `${target} is not empty; a backup goes into a directory of its own.`,
      );
    }
    mkdirSync(target, { recursive: true, mode: 0o700 });
    const attune = await open(given.config);
    try {
      await attune.engine.checkpoint();
      // States first: a log that is ahead of its states is replayed, one that is behind them is not.
      const files = [
        ...(await attune.checkpoint.backup(target)),
        ...(await attune.log.backup(target)),
      ];
      const at = paths(given.config.data);
      const copy = paths(target);
      for (const [from, to] of [
        [at.tenants, copy.tenants],
        [at.erasures, copy.erasures],
        [at.keys, copy.keys],
        [at.tokenKeys, copy.tokenKeys],
        [at.developmentKeys, copy.developmentKeys],
      ] as const) {
        if (!existsSync(from)) continue;
        copyFileSync(from, to);
        files.push(sumOf(target, to));
      }
      const position = attune.engine.position();
      writeDurably(
        join(target, manifestName),
        `${JSON.stringify({ version: 1, position, files }, undefined, 1)}\n`,
      );
      if (given.isJson) printJson({ position, files });
      else {
        const bytes = files.reduce((sum, file) => sum + file.bytes, 0);
        print(`${files.length} files, ${grouped(bytes)} bytes, position ${position}: ${target}`);
      }
      return exitCodes.done;
    } finally {
      await attune.close();
    }
  },
};
