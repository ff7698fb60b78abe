#!/usr/bin/env node
// Starts the command line under any Node from 20 on: an older one than the project's hands over to the
// Node 24 that `npm ci` brought along. Plain JavaScript, since an older Node cannot read TypeScript.
import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const here = dirname(fileURLToPath(import.meta.url));
const entry = join(here, "..", "src", "cli", "main.ts");

function bundledNode() {
  for (let folder = here; folder !== dirname(folder); folder = dirname(folder)) {
    const candidate = join(folder, "node_modules", ".bin", "node");
    if (existsSync(candidate)) return candidate;
  }
  return undefined;
}

if (Number(process.versions.node.split(".")[0]) >= 24) {
  await import(entry);
} else {
  const node = bundledNode();
  if (node === undefined) {
    console.error(
      "attune: Node 24 is needed. Run `npm ci` with install scripts allowed for the package `node`.",
    );
    process.exit(1);
  }
  const child = spawn(node, [entry, ...process.argv.slice(2)], { stdio: "inherit" });
  // The terminal sends an interrupt to both: the child decides when to end, and with what code.
  process.on("SIGINT", () => {});
  process.on("SIGTERM", () => child.kill("SIGTERM"));
  child.on("exit", (code, signal) => process.exit(code ?? (signal === null ? 1 : 130)));
}
