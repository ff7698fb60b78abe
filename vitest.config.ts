import { join } from "node:path";
import { defineConfig } from "vitest/config";

if (!process.versions.node.startsWith("24."))
  throw new Error(
    `Node ${process.versions.node} where 24 is needed: use npm scripts; if that is what you did, ` +
      "run `npm rebuild node --ignore-scripts=false` once.",
  );

// One seed for every property test of a run; `ATTUNE_SEED=7 npm test` repeats a run.
const seed = process.env["ATTUNE_SEED"] ?? String(Math.floor(Math.random() * 2 ** 31));

// The hundreds of processes that tests start compile what they load once, not each of them anew.
process.env["NODE_COMPILE_CACHE"] ??= join(import.meta.dirname, "node_modules/.cache/compiled");

export default defineConfig({
  test: {
    include: ["{packages,examples}/**/*.test.ts"],
    reporters: ["./scripts/closing-line.ts"],
    setupFiles: ["./scripts/seed.ts"],
    env: { ATTUNE_SEED: seed },
    pool: "forks",
    // Sized for two cores; property tests and child processes share them.
    maxWorkers: 2,
    testTimeout: 60_000,
    hookTimeout: 60_000,
  },
});
