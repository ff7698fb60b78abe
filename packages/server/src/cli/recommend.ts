import { open } from "../main.ts";
import { tenantOf } from "../tenants.ts";
import { type Command, exitCodes, helpOf, readOptions } from "./command.ts";
import { personOptions, subjectGiven } from "./people.ts";
import { inWords } from "./recommend/reasons.ts";
import { print, printJson, remark, shown, table } from "./terminal.ts";
import { timeGiven, timeOptions } from "./times.ts";

const options = {
  ...personOptions,
  ...timeOptions,
  placement: { value: "NAME", help: "where it is shown: up-next (default), for-you, trending" },
  limit: { value: "COUNT", help: "items of the answer (default 10, at most 200)" },
  exclude: { value: "ITEM", help: "an item to leave out", isMany: true },
  device: { value: "CLASS", help: "phone, tablet, desktop, tv, ...: the request's context" },
} as const;

/** What to show a user now, and why. Without a user: what a stranger is shown. */
export const command: Command = {
  name: "recommend",
  summary: "what to show a user now, and why",
  help: helpOf(
    "recommend [USER] [options]",
    `Prints an answer with its reasons. The answer is logged as a decision, as every answer is.
Without a USER it is the answer for a stranger.`,
    options,
  ),
  async run(argv) {
    const given = readOptions("recommend", options, argv, 1);
    const attune = await open(given.config);
    try {
      const tenant = tenantOf(attune.tenants, given.tenant);
      const isStranger = given.operands.length === 0;
      const subject = isStranger ? undefined : subjectGiven("recommend", given, tenant);
      const device = given.text("device");
      const answer = await attune.engine.recommend(tenant.number, subject, {
        placement: given.text("placement") ?? "up-next",
        limit: given.integer("limit", 10, 1, 200),
        now: timeGiven("recommend", given, attune),
        exclude: given.list("exclude"),
        context: device === undefined ? undefined : { device },
      });
      if (given.isJson) printJson(answer);
      else if (answer.items.length === 0) remark("There is nothing to recommend yet.");
      else {
        const rows = answer.items.map(({ item, score, reasons }, i) => [
          i + 1,
          shown(item, 40),
          score,
          inWords(reasons, score),
        ]);
        print(table(["#", "item", "score", "because"], rows));
        remark(`decision ${answer.decisionId}, position ${answer.position}`);
      }
      return exitCodes.done;
    } finally {
      await attune.close();
    }
  },
};
