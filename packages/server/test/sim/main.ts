/** `npm run sim -- --seed 42 [--steps N] [--seeds N] [--quiet]`: repeats a simulation and prints its trace. */
import { parseArgs } from "node:util";
import { simulate } from "./simulate.ts";

const { values } = parseArgs({
  options: {
    seed: { type: "string", default: "1" },
    seeds: { type: "string", default: "1" },
    steps: { type: "string", default: "150" },
    quiet: { type: "boolean", default: false },
  },
});
const [first, count, steps] = [values.seed, values.seeds, values.steps].map(Number);
const started = performance.now();
let failed = 0;
for (let seed = first!; seed < first! + count!; seed++) {
  const { trace, broken, hash, ...counts } = await simulate(seed, steps!);
  if (count === 1 && !values.quiet) console.log(trace.join("\n"));
  if (count === 1) console.log(hash, JSON.stringify(counts));
  if (broken.length === 0) continue;
  failed += 1;
  console.log(`seed ${seed} after ${trace.length} steps, life ${counts.lives}:`);
  for (const one of broken.slice(0, 8)) console.log(`  ${one}`);
  console.log(`  npm run sim -- --seed ${seed} --steps ${steps}`);
}
const seconds = ((performance.now() - started) / 1000).toFixed(1);
console.log(`${count} seeds of ${steps} steps, ${failed} failed, ${seconds} s`);
process.exitCode = failed > 0 ? 1 : 0;
