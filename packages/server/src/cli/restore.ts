import { copyFileSync, existsSync, mkdirSync, readdirSync, renameSync } from "node:fs";
import { basename, join } from "node:path";
import { CodedError } from "@attune/protocol";
import { appendErasures, type Erasure, readErasures } from "../erasures.ts";
import { lockDirectory } from "../lock.ts";
import { open, paths } from "../main.ts";
import { checkedManifest } from "../manifest.ts";
import { type Command, exitCodes, type Given, helpOf, readOptions, usage } from "./command.ts";
import { print, printJson, remark } from "./terminal.ts";

const options = {
  replace: { help: "set aside what is in the data directory now" },
  erasures: { value: "FILE", help: "a further erasure ledger to apply" },
} as const;

export const command: Command = {
  name: "restore",
  summary: "bring a backup back; whom it had not forgotten yet, is forgotten again",
  help: helpOf(
    "restore DIR [options]",
    `Checks every sum of the backup in DIR, copies it into the data directory and forgets again everybody who
was forgotten after it was made: the data directory's own erasure ledger stays and is applied, also when
everything else in it is lost. With --replace the old files are set aside in a directory beside them.`,
    options,
  ),
  async run(argv) {
    const given = readOptions("restore", options, argv, 1);
    const [source] = given.operands;
    if (source === undefined) throw usage("restore", "name the directory of a backup");
    const files = checkedManifest(source);
    const ledger = prepare(given, source);
    const at = paths(given.config.data);
    for (const { name } of files) {
      if (name !== basename(at.erasures))
        copyFileSync(join(source, name), join(given.config.data, name));
    }
    const forgotten = await applyErasures(given, ledger);
    if (given.isJson) printJson({ files: files.length, forgottenAgain: forgotten.length });
    else {
      print(`${files.length} files restored and checked into ${given.config.data}.`);
      print(`Forgotten again, since the backup is older: ${forgotten.length}.`);
    }
    return exitCodes.done;
  },
};

/** Makes room in the data directory; returns every erasure that anybody still knows of. */
function prepare(given: Given, source: string): Erasure[] {
  const directory = given.config.data;
  const at = paths(directory);
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  const unlock = lockDirectory(at.lock, directory);
  try {
    const ledgers = [paths(source).erasures, at.erasures, given.text("erasures")].filter(
      (path) => path !== undefined,
    );
    const all = ledgers.flatMap(readErasures);
    const own = new Set([basename(at.erasures), basename(at.lock), `${basename(at.lock)}-journal`]);
    const inTheWay = readdirSync(directory).filter(
      (name) => !own.has(name) && !name.startsWith("replaced-"),
    );
    if (inTheWay.length > 0) {
      if (!given.flag("replace")) {
        const message = `${directory} is not empty; --replace sets its files aside, or name another with --data.`;
        throw new CodedError("data_invalid", message);
      }
      const aside = join(directory, `replaced-${new Date().toISOString().replace(/[:.]/g, "-")}`);
      mkdirSync(aside, { mode: 0o700 });
      for (const name of inTheWay) renameSync(join(directory, name), join(aside, name));
      remark(`Set aside: ${aside}. It still holds whom you forgot; delete it when all is well.`);
    }
    const known = existsSync(at.erasures)
      ? new Set(readErasures(at.erasures).map(keyOf))
      : new Set();
    const missing = all.filter((erasure) => !known.has(keyOf(erasure)));
    const unique = new Map(missing.map((erasure) => [keyOf(erasure), erasure]));
    if (unique.size > 0) appendErasures(at.erasures, [...unique.values()]);
    return [...new Map(all.map((erasure) => [keyOf(erasure), erasure])).values()];
  } finally {
    unlock();
  }
}

function keyOf({ tenant, subject, at }: Erasure): string {
  return `${tenant}/${subject}/${at}`;
}

/** Forgets whom the restored log does not know as forgotten yet. */
async function applyErasures(given: Given, ledger: readonly Erasure[]): Promise<Erasure[]> {
  const attune = await open(given.config);
  try {
    const later = ledger.filter(
      ({ tenant, subject, at }) => attune.engine.standing(tenant, subject).barredThrough < at,
    );
    for (const { tenant, subject, at } of later) {
      await attune.engine.forget(tenant, subject, at, "restored from an older backup");
    }
    await attune.engine.checkpoint();
    return later;
  } finally {
    await attune.close();
  }
}
