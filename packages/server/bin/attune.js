#!/usr/bin/env node
// The command line, under any Node from 20 on.
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { runOnNode24 } from "./node-24.js";

const entry = join(dirname(fileURLToPath(import.meta.url)), "..", "src", "cli", "main.ts");
await runOnNode24(entry, process.argv.slice(2));
