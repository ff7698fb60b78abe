/** Where a server spends its processor time: each of its threads sampled while something goes on, self times summed. */
import type { Table } from "../figures.ts";
import { Inspector, type Target } from "./inspector.ts";

interface Call {
  functionName: string;
  url: string;
  lineNumber: number;
}

/** As the inspector gives it; times in us. */
export interface Profile {
  nodes: { id: number; callFrame: Call }[];
  samples: number[];
  timeDeltas: number[];
}

/** What one thread did. */
export interface ThreadTimes {
  thread: string;
  /** Share of the time in which it was not idle. */
  busyShare: number;
  tables: Table[];
}

const sampledEveryUs = 1_000;
const functionsMax = 15;
/** A thread that does next to nothing needs no table. */
const busyShareMin = 0.05;

/** Samples every thread of the server with that inspector while `work` goes on; the busiest first. */
export async function profiled(port: number, work: () => Promise<unknown>): Promise<ThreadTimes[]> {
  const inspector = await Inspector.open(port);
  const { targets } = inspector;
  for (const { call } of targets) {
    await call("Profiler.enable");
    await call("Profiler.setSamplingInterval", { interval: sampledEveryUs });
    await call("Profiler.start");
  }
  await work();
  const threads: ThreadTimes[] = [];
  for (const target of targets) threads.push(await timesOf(target));
  inspector.close();
  threads.sort((a, b) => b.busyShare - a.busyShare);
  return threads.map((one) => (one.busyShare < busyShareMin ? { ...one, tables: [] } : one));
}

async function timesOf({ url, call }: Target): Promise<ThreadTimes> {
  const { profile } = (await call("Profiler.stop")) as { profile: Profile };
  const thread = url === "main" ? "main thread" : `thread ${placeOf(url)}`;
  return { thread, ...selfTimes(profile, thread) };
}

/** Self times by function and by room, as shares of the time in which the thread was not idle. */
export function selfTimes({ nodes, samples, timeDeltas }: Profile, thread: string) {
  const calls = new Map(nodes.map(({ id, callFrame }) => [id, callFrame]));
  const [functions, rooms] = [new Map<string, number>(), new Map<string, number>()];
  let [busy, all] = [0, 0];
  samples.forEach((id, i) => {
    const us = timeDeltas[i]!;
    const call = calls.get(id)!;
    all += us;
    if (call.functionName === "(idle)") return;
    busy += us;
    const line = call.url === "" ? "" : `:${call.lineNumber + 1}`;
    const name = `${call.functionName || "(anonymous)"} ${placeOf(call.url)}${line}`.trim();
    functions.set(name, (functions.get(name) ?? 0) + us);
    const room = roomOf(call);
    rooms.set(room, (rooms.get(room) ?? 0) + us);
  });
  const rowsOf = (times: ReadonlyMap<string, number>) =>
    [...times]
      .sort(([, a], [, b]) => b - a)
      .slice(0, functionsMax)
      .map(([name, us]) => [name, (100 * us) / busy]);
  return {
    busyShare: busy / all,
    tables: [
      {
        title: `Self time of the ${thread} by function`,
        head: ["function", "%"],
        rows: rowsOf(functions),
      },
      { title: `Self time of the ${thread} by room`, head: ["room", "%"], rows: rowsOf(rooms) },
    ],
  };
}

/** The path within the server's source, the package's name, or the runtime's own. */
function placeOf(url: string): string {
  const [, own] = url.split("packages/server/src/");
  if (own !== undefined) return own;
  const modules = url.split("node_modules/");
  if (modules.length > 1) return modules.at(-1)!;
  return url.split("/").slice(-2).join("/");
}

function roomOf({ functionName, url }: Call): string {
  if (url === "") return functionName.startsWith("(") ? functionName : "runtime, native";
  if (url.startsWith("node:")) return "node";
  const place = placeOf(url);
  if (url.includes("node_modules/")) return place.split("/")[0]!;
  const parts = place.split("/").slice(0, -1);
  return parts.length === 0 ? "main" : parts.slice(0, parts[0] === "core" ? 3 : 1).join("/");
}
