import { foldLimits } from "../core/fold/state.ts";
import { verify } from "../engine/verify.ts";
import { open } from "../main.ts";
import { type Command, exitCodes, helpOf, readOptions } from "./command.ts";
import { counted, duration, print, printJson, table } from "./terminal.ts";

export const command: Command = {
  name: "verify",
  summary: "replay the log and compare it with the live state, bit for bit",
  help: helpOf(
    "verify [options]",
    `Folds the whole log from nothing beside the stored states and compares every user and every sum, by
running digest and by SHA-256. Exit code 3 when anything differs.`,
    {},
  ),
  async run(argv) {
    const given = readOptions("verify", {}, argv, 0);
    const attune = await open(given.config);
    try {
      const { engine, log } = attune;
      await engine.settled();
      const started = performance.now();
      const { isEqual, differences, live, replay } = await verify(log, engine, foldLimits);
      const tookMs = performance.now() - started;
      if (given.isJson) printJson({ isEqual, differences, live, replay, tookMs });
      else {
        const rows = [
          [
            "states",
            live.states.slice(0, 24),
            replay.states.slice(0, 24),
            mark(differences, "states"),
          ],
          ...Object.entries(live.sums).map(([name, { sha256 }]) => [
            name,
            sha256.slice(0, 24),
            (replay.sums[name]?.sha256 ?? "-").slice(0, 24),
            mark(differences, name),
          ]),
        ];
        print(table(["", "live", "replay of the log", ""], rows));
        const verdict = isEqual ? "equal" : `DIFFERENT: ${differences.join(", ")}`;
        print(
          `${counted(live.users, "user")}, ${counted(live.seq, "commit")}, ${duration(tookMs)}: ${verdict}`,
        );
      }
      return isEqual ? exitCodes.done : exitCodes.difference;
    } finally {
      await attune.close();
    }
  },
};

function mark(differences: readonly string[], name: string): string {
  return differences.includes(name) ? "DIFFERENT" : "equal";
}
