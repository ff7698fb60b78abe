/**
 * The command line: a table of commands, each in a file of its own that is loaded when it is called. An error
 * is one sentence that says how to mend it, with its stable code, and an exit code.
 */
import { CodedError, product } from "@attune/protocol";
import { nearest } from "../base/nearest.ts";
import { type Command, exitCodes } from "./command.ts";

const commands: Record<string, { summary: string; load: () => Promise<{ command: Command }> }> = {
  demo: {
    summary: "watch it learn, and forget, live on a month of a shop's clicks",
    load: () => import("./demo.ts"),
  },
  serve: {
    summary: "run the engine with its HTTP and live doors",
    load: () => import("./serve.ts"),
  },
  tenants: {
    summary: "list and make tenants, and choose how they tell people apart",
    load: () => import("./tenants.ts"),
  },
  keys: {
    summary: "list, make and revoke the keys that open a tenant",
    load: () => import("./keys.ts"),
  },
  policy: {
    summary: "on which basis a tenant may use data about people",
    load: () => import("./policy.ts"),
  },
  import: {
    summary: "read a file of events: Segment calls, session files, CSV, our own JSON",
    load: () => import("./import.ts"),
  },
  recommend: { summary: "what to show a user now, and why", load: () => import("./recommend.ts") },
  profile: { summary: "what is known of a user", load: () => import("./profile.ts") },
  users: { summary: "how many users, and the subjects of some", load: () => import("./users.ts") },
  forget: {
    summary: "forget a user, with the digests before and after",
    load: () => import("./forget.ts"),
  },
  verify: {
    summary: "replay the log and compare it with the live state, bit for bit",
    load: () => import("./verify.ts"),
  },
  tail: { summary: "the records of the log", load: () => import("./tail.ts") },
  backup: { summary: "a checksummed copy of a data directory", load: () => import("./backup.ts") },
  restore: {
    summary: "bring a backup back; whom it had not forgotten yet, is forgotten again",
    load: () => import("./restore.ts"),
  },
  report: {
    summary: "one page on your own table: how good the lists would have been, and what it takes",
    load: () => import("./report.ts"),
  },
  placements: {
    summary: "what there is to show answers in, and how one of them does",
    load: () => import("./placements.ts"),
  },
  eval: { summary: "measure recommendations on a data set", load: () => import("./eval.ts") },
  lab: {
    summary: "what another configuration would have earned, from the log",
    load: () => import("./lab.ts"),
  },
  bench: { summary: "run the benchmarks of this checkout", load: () => import("./bench.ts") },
};

function help(): string {
  const width = Math.max(...Object.keys(commands).map((name) => name.length)) + 3;
  const lines = Object.entries(commands).map(
    ([name, { summary }]) => `  ${name.padEnd(width)}${summary}`,
  );
  return [
    `${product.name}: recommendations that learn from every click, and forget on request, exactly.`,
    "",
    `Usage: ${product.command} <command> [options]`,
    "",
    ...lines,
    "",
    `\`${product.command} <command> --help\` says more. Exit codes: 0 done, 1 failed, 2 asked wrongly,`,
    "3 a check found a difference, 130 interrupted.",
  ].join("\n");
}

/** Resolves with the exit code; never rejects. */
async function main(argv: string[]): Promise<number> {
  const [name, ...rest] = argv;
  try {
    if (name === undefined || name === "--help" || name === "-h" || name === "help") {
      process.stdout.write(`${help()}\n`);
      return name === undefined ? exitCodes.usage : exitCodes.done;
    }
    const entry = Object.hasOwn(commands, name) ? commands[name] : undefined;
    if (entry === undefined) {
      const near = nearest(name, Object.keys(commands));
      const hint = near === undefined ? "" : ` Did you mean ${near}?`;
      throw new CodedError(
        "option_invalid",
        `There is no command ${name}.${hint} \`${product.command} --help\` lists them.`,
      );
    }
    const { command } = await entry.load();
    if (rest.includes("--help") || rest.includes("-h")) {
      process.stdout.write(command.help);
      return exitCodes.done;
    }
    return await command.run(rest);
  } catch (error) {
    return report(error);
  }
}

function report(error: unknown): number {
  if (error instanceof CodedError) {
    process.stderr.write(`${product.command}: ${error.message} (${error.code})\n`);
    const isUsage = error.code === "option_invalid" || error.code === "setting_invalid";
    return isUsage ? exitCodes.usage : exitCodes.failed;
  }
  const known = error instanceof Error ? error : new Error(String(error));
  const text = process.env["DEBUG"] === undefined ? known.message : (known.stack ?? known.message);
  process.stderr.write(`${product.command}: ${text}\n`);
  return exitCodes.failed;
}

// A reader that went away (`attune tail | head`) is no fault.
process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  if (error.code === "EPIPE") process.exit(exitCodes.done);
  throw error;
});
process.exitCode = await main(process.argv.slice(2));
