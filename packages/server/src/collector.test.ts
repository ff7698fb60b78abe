import { spawnSync } from "node:child_process";
import { expect, test } from "vitest";

/** A process whose heap is large, through which buffers pass that live for a while; tells its full collections. */
const script = `
  import { constants, PerformanceObserver } from "node:perf_hooks";
  import { setImmediate } from "node:timers/promises";
  const { countBuffersInHeapLimit } = await import(process.argv[1]);
  if (process.argv[2] === "counted") countBuffersInHeapLimit();
  let full = 0;
  new PerformanceObserver((list) => {
    full += list.getEntries().filter(({ detail }) => detail.kind === constants.NODE_PERFORMANCE_GC_MAJOR).length;
  }).observe({ entryTypes: ["gc"] });
  const kept = Array.from({ length: 1_000_000 }, (_, i) => ({ i, next: [i, i + 1] }));
  const passing = [];
  for (let turn = 0; turn < 3_000; turn++) {
    for (let i = 0; i < 1_000; i++) passing.push(new Uint8Array(600));
    if (passing.length > 60_000) passing.splice(0, passing.length - 60_000);
    await setImmediate();
  }
  console.log(kept.length > 0 ? full : -1);
`;

function fullCollections(how: "as it is" | "counted"): number {
  const module = new URL("./collector.ts", import.meta.url).href;
  const { stdout, stderr } = spawnSync(
    process.execPath,
    ["--input-type=module", "--eval", script, module, how],
    { encoding: "utf8" },
  );
  expect(stderr).toBe("");
  return Number(stdout);
}

test("buffers that pass do not make the collector go through a large heap again and again", () => {
  const [before, after] = [fullCollections("as it is"), fullCollections("counted")];
  expect(after).toBeGreaterThanOrEqual(0);
  expect(after * 3).toBeLessThan(before);
});
