#!/usr/bin/env node
// The command line, under any Node from 20 on.
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { runOnNode24, servingFlags } from "./node-24.js";

const entry = join(dirname(fileURLToPath(import.meta.url)), "..", "src", "cli", "main.ts");
const argv = process.argv.slice(2);
await runOnNode24(entry, argv, argv[0] === "serve" ? servingFlags() : []);
