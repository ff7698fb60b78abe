import { open } from "../main.ts";
import { tenantOf } from "../tenants.ts";
import { type Command, exitCodes, helpOf, readOptions } from "./command.ts";
import { counted, print, printJson } from "./terminal.ts";

const options = {
  limit: { value: "COUNT", help: "subjects to list (default 20)" },
} as const;

/** Subjects alone: which ids they stand for cannot be told from them. */
export const command: Command = {
  name: "users",
  summary: "how many users, and the subjects of some",
  help: helpOf(
    "users [options]",
    "Counts users. Subjects are keyed hashes; no id is printed.",
    options,
  ),
  async run(argv) {
    const given = readOptions("users", options, argv, 0);
    const limit = given.integer("limit", 20, 0, 1_000_000);
    const attune = await open(given.config);
    try {
      const tenant = tenantOf(attune.tenants, given.tenant);
      const subjects: string[] = [];
      let count = 0;
      for (const row of attune.engine.rows()) {
        if (row.tenant !== tenant.number || row.body === null) continue;
        count += 1;
        if (subjects.length < limit) subjects.push(row.subject);
      }
      if (given.isJson) printJson({ tenant: tenant.name, users: count, subjects });
      else print([`${counted(count, "user")}`, ...subjects].join("\n"));
      return exitCodes.done;
    } finally {
      await attune.close();
    }
  },
};
