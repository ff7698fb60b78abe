/** The README's ten lines, as they stand there, against what `npm start` starts: a skip, and the list is another. */
import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { readConfig } from "../../../packages/server/src/config.ts";
import { startPlayer } from "../server/player.ts";

const root = join(import.meta.dirname, "../../..");

test("the ten lines ask, listen and track, and print the list that the skip made", async () => {
  const data = mkdtempSync(join(tmpdir(), "attune-ten-lines-"));
  onTestFinished(() => rmSync(data, { recursive: true, force: true }));
  const config = readConfig({ ATTUNE_DATA: data, ATTUNE_PORT: "0", ATTUNE_LOG_LEVEL: "warn" });
  const player = await startPlayer(config, {
    listeners: 60,
    sittings: 200,
    days: 3,
    eventsPerS: 1,
  });
  onTestFinished(() => player.close());
  await player.arrived;
  // What changes the list now is the skip alone.
  player.crowd.pause(true);
  const program = /```js\n([\s\S]*?)```/.exec(readFileSync(join(root, "README.md"), "utf8"))![1]!;
  const moved = program
    .replace("http://127.0.0.1:4000", new URL(player.url).origin)
    .replace("./.attune/dev-keys.json", join(data, "dev-keys.json"));
  expect(moved.split(data)).toHaveLength(2);
  const told = `${moved}\nconsole.log("skipped:", items[0].id, items.length);\n`;
  const child = spawn(process.execPath, ["--input-type=module", "--eval", told], { cwd: root });
  onTestFinished(() => void child.kill("SIGKILL"));
  let said = "";
  let faults = "";
  child.stderr.setEncoding("utf8").on("data", (text: string) => (faults += text));
  await new Promise<void>((resolve) => {
    child.on("close", () => resolve());
    child.stdout.setEncoding("utf8").on("data", (text: string) => {
      said += text;
      if (/changed: \[[^\]]*\]/.test(said) && said.includes("skipped:")) resolve();
    });
  });
  expect(faults).toBe("");
  const [, skipped, count] = /skipped: (\S+) (\d+)/.exec(said)!;
  const [, order] = /changed: \[([^\]]*)\]/.exec(said)!;
  expect(Number(count)).toBe(5);
  expect(order!.match(/'[^']+'/g)).toHaveLength(5);
  expect(order).not.toContain(`'${skipped}'`);
});
