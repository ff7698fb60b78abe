/**
 * `npm start`: the demo player on Attune in development mode. Settings come from the environment as for
 * `attune serve` (ATTUNE_DATA, ATTUNE_PORT ...); the data lies in ./.attune unless told otherwise.
 */
import { CodedError } from "@attune/protocol";
import { readConfig } from "../../packages/server/src/config.ts";
import { startPlayer } from "./server/player.ts";

const began = performance.now();
const { config, player } = await started();

/** What goes wrong at a start is one sentence that says how to mend it. */
async function started() {
  try {
    const config = readConfig({ ATTUNE_LOG_LEVEL: "warn", ...process.env });
    return { config, player: await startPlayer(config) };
  } catch (error) {
    if (!(error instanceof CodedError)) throw error;
    console.error(`\n  ${error.message} (${error.code})\n`);
    return process.exit(1);
  }
}

let isClosing = false;
const close = (): void => {
  if (isClosing) return;
  isClosing = true;
  void player.close().then(
    () => process.exit(0),
    (error: unknown) => {
      console.error(error);
      process.exit(1);
    },
  );
};
process.once("SIGINT", close);
process.once("SIGTERM", close);

const seconds = ((performance.now() - began) / 1000).toFixed(1);
console.log(
  `\n  The player is at  ${player.url}   (started in ${seconds} s, data in ${config.data})\n`,
);

try {
  await player.arrived;
  const { listeners, eventsPerS, past } = player.crowd.status();
  const arrival = past.all === 0 ? "" : `${past.all} events of its past are in; `;
  console.log(
    `  The crowd is synthetic: ${listeners} made-up listeners. ${arrival}about ${eventsPerS} events a second from now on.`,
  );
} catch (error) {
  console.error("The crowd did not arrive:", error);
}
