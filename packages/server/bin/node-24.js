// Runs a TypeScript entry under any Node from 20 on: one older than the project's hands over to the Node 24 that
// `npm ci` brought along. Plain JavaScript, since an older Node cannot read TypeScript. As a program:
// `node packages/server/bin/node-24.js ENTRY [arguments]`.
import { spawn } from "node:child_process";
import { existsSync, realpathSync } from "node:fs";
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

/** Resolves once the entry was loaded; where another Node runs it, this process ends with that one. */
export async function runOnNode24(entry, argv) {
  if (Number(process.versions.node.split(".")[0]) >= 24) {
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
  const child = spawn(node, [entry, ...argv], { stdio: "inherit" });
  // The terminal sends an interrupt to both: the child decides when to end, and with what code.
  process.on("SIGINT", () => {});
  process.on("SIGTERM", () => child.kill("SIGTERM"));
  child.on("exit", (code, signal) => process.exit(code ?? (signal === null ? 1 : 130)));
}

const [, started, entry, ...argv] = process.argv;
if (entry !== undefined && started !== undefined && realpathSync(started) === here)
  await runOnNode24(resolve(entry), argv);
