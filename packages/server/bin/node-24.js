// Runs a TypeScript entry under any Node from 20 on: one older than the project's hands over to the Node 24 that
// `npm ci` brought along. Plain JavaScript, since an older Node cannot read TypeScript. As a program:
// `node packages/server/bin/node-24.js ENTRY [arguments]`.
import { spawn } from "node:child_process";
import { existsSync, realpathSync } from "node:fs";
import { availableParallelism } from "node:os";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";

const here = fileURLToPath(import.meta.url);

function bundledNode() {
  for (let folder = dirname(here); folder !== dirname(folder); folder = dirname(folder)) {
    const candidate = join(folder, "node_modules", ".bin", "node");
    if (existsSync(candidate)) return candidate;
  }
  return undefined;
}

/**
 * What V8 must be told before it starts, for a process that serves. It marks the heap with four threads beside the one that
 * allocates, for half a second at a time; on two cores these leave a third of a core to the thread that serves. So they are
 * half as many as there are cores. Measured in docs/missed.md, "Overload".
 */
export function servingFlags() {
  const markers = Math.max(1, Math.floor(availableParallelism() / 2));
  return markers < 4 ? [`--concurrent-marking-max-worker-num=${markers}`] : [];
}

/** Begins this process anew with flags that only a start can set, in its place: the same pid, no process above it. */
function beginWith(flags) {
  const said = [...process.execArgv, process.env.NODE_OPTIONS ?? ""].join(" ");
  const missing = flags.filter((flag) => !said.includes(flag.split("=")[0]));
  // Windows cannot, an older Node 24 neither, and a channel to a parent would be lost: all of it works without, only slower.
  const can = process.execve !== undefined && process.platform !== "win32" && !process.connected;
  if (missing.length === 0 || !can) return;
  const argv = [process.execPath, ...missing, ...process.execArgv, ...process.argv.slice(1)];
  process.execve(process.execPath, argv);
}

/**
 * Resolves once the entry was loaded; where another Node runs it, this process ends with that one. Flags are those that the
 * entry runs best with.
 */
export async function runOnNode24(entry, argv, flags = []) {
  if (Number(process.versions.node.split(".")[0]) >= 24) {
    beginWith(flags);
    process.argv = [process.argv[0], entry, ...argv];
    await import(pathToFileURL(entry).href);
    return;
  }
  const node = bundledNode();
  if (node === undefined) {
    console.error(
      `attune: this is Node ${process.versions.node}; Node 24 is needed, and the one that comes with the project is ` +
        "not here.\nRun `npm ci` first. If your npm runs no install scripts: `npm rebuild node --ignore-scripts=false`.",
    );
    process.exit(1);
  }
  const child = spawn(node, [...flags, entry, ...argv], { stdio: "inherit" });
  // The terminal sends an interrupt to both: the child decides when to end, and with what code.
  process.on("SIGINT", () => {});
  process.on("SIGTERM", () => child.kill("SIGTERM"));
  child.on("exit", (code, signal) => process.exit(code ?? (signal === null ? 1 : 130)));
}

const [, started, entry, ...argv] = process.argv;
if (entry !== undefined && started !== undefined && realpathSync(started) === here)
  await runOnNode24(resolve(entry), argv, servingFlags());
