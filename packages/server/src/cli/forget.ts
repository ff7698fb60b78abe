import { open } from "../main.ts";
import { tenantOf } from "../tenants.ts";
import { type Command, exitCodes, helpOf, readOptions } from "./command.ts";
import { personOptions, subjectGiven, unknownUser } from "./people.ts";
import { duration, print, printJson, table } from "./terminal.ts";

const options = {
  ...personOptions,
  reason: { value: "TEXT", help: "kept with the forget record; never write a name into it" },
} as const;

export const command: Command = {
  name: "forget",
  summary: "forget a user, with the digests before and after",
  help: helpOf(
    "forget USER [options]",
    `Forgets the user and everything merged into it: the state goes, its share is subtracted from every sum,
older events are barred, and its records leave the log's bytes. Acts at once; there is no way back.
The digests after are those of a log in which the user never was.`,
    options,
  ),
  async run(argv) {
    const given = readOptions("forget", options, argv, 1);
    const attune = await open(given.config);
    try {
      const tenant = tenantOf(attune.tenants, given.tenant);
      const subject = subjectGiven("forget", given, tenant);
      if (attune.engine.state(tenant.number, subject) === undefined) throw unknownUser(given);
      const { models } = attune.engine.tenant(tenant.number);
      const before = models.digests();
      const started = performance.now();
      const receipt = await attune.forget(tenant.number, subject, Date.now(), given.text("reason"));
      const durableMs = performance.now() - started;
      const after = models.digests();
      await attune.engine.checkpoint();
      const cells = receipt.erasures.reduce((sum, erasure) => sum + erasure.cells, 0);
      const bytesGoneMs = performance.now() - started;
      const { subjects, position } = receipt;
      if (given.isJson) {
        printJson({ subjects, position, cells, before, after, durableMs, bytesGoneMs });
        return exitCodes.done;
      }
      const rows = Object.keys(before).map((model) => [
        model,
        short(before[model]),
        short(after[model]),
      ]);
      print(table(["sum", "digest before", "digest after"], rows));
      print(
        `Forgotten: ${subjects.length === 1 ? "one subject" : `${subjects.length} subjects`}, ` +
          `${cells} cells subtracted. Durable and out of every answer in ${duration(durableMs)}, ` +
          `out of the log's bytes in ${duration(bytesGoneMs)}. Position ${position}.`,
      );
      return exitCodes.done;
    } finally {
      await attune.close();
    }
  },
};

function short(digest: string | undefined): string {
  return digest === undefined ? "-" : digest.slice(0, 24);
}
