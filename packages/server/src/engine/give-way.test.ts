import { readFileSync } from "node:fs";
import { Worker } from "node:worker_threads";
import { expect, test } from "vitest";

const source = `
  const { parentPort, workerData } = require("node:worker_threads");
  import(workerData).then(({ giveWay }) => {
    giveWay();
    const tid = require("node:fs").readlinkSync("/proc/thread-self").split("/").at(-1);
    // It is looked at from outside: a thread with nothing to wait for would be gone by then.
    parentPort.on("message", () => undefined);
    parentPort.postMessage(tid);
  });
`;

/** The kernel's own word: field 19 of the thread's stat. */
function niceOf(tid: string): number {
  const stat = readFileSync(`/proc/self/task/${tid}/stat`, "utf8");
  return Number(stat.slice(stat.lastIndexOf(")") + 2).split(" ")[16]);
}

test.runIf(process.platform === "linux")(
  "a thread that gives way is the only one that does",
  async () => {
    const workerData = new URL("./give-way.ts", import.meta.url).href;
    const worker = new Worker(source, { eval: true, workerData });
    const own = niceOf(String(process.pid));
    const tid = await new Promise<string>((resolve, reject) => {
      worker.once("message", resolve).once("error", reject);
    });
    expect(niceOf(tid)).toBe(10);
    expect(niceOf(String(process.pid))).toBe(own);
    await worker.terminate();
  },
);
