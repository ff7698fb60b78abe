import { product } from "@attune/protocol";
import { serve } from "../doors.ts";
import { paths } from "../main.ts";
import { type Command, exitCodes, helpOf, type Options, readOptions } from "./command.ts";
import { print, printJson } from "./terminal.ts";

const options = {
  host: { value: "ADDRESS", help: "address to listen on (default 127.0.0.1, or ATTUNE_HOST)" },
  port: { value: "PORT", help: "port to listen on (default 4000, or ATTUNE_PORT; 0 = a free one)" },
} as const satisfies Options;

/** Runs the engine with its doors until it is told to stop; a stop loses nothing. */
export const command: Command = {
  name: "serve",
  summary: "run the engine with its HTTP and live doors",
  help: helpOf(
    "serve [options]",
    "Listens until SIGINT or SIGTERM, then finishes what is under way and stores everything.",
    options,
  ),
  async run(argv) {
    const given = readOptions("serve", options, argv, 0);
    const server = await serve(given.config);
    // Whoever reads that it listens may tell it to stop at once.
    const stopped = stopAsked();
    const { data, mode } = given.config;
    if (given.isJson) printJson({ url: server.url, data, mode, keys: server.keys ?? null });
    else {
      print(`${product.name} ${product.version} listens on ${server.url}`);
      if (server.keys !== undefined) print(`development keys: ${paths(data).developmentKeys}`);
    }
    await stopped;
    await server.close();
    return exitCodes.done;
  },
};

function stopAsked(): Promise<void> {
  return new Promise((resolve) => {
    process.once("SIGINT", () => resolve());
    process.once("SIGTERM", () => resolve());
  });
}
