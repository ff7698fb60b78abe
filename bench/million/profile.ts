/** Where a server spends its processor time: its sampling profiler, told over the inspector when to begin and to end. */
import { createServer, type AddressInfo } from "node:net";
import { once } from "node:events";
import type { Table } from "../figures.ts";

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

const sampledEveryUs = 500;
const functionsMax = 15;

/** Flags for a server whose profiler is to be reached, and the port. Nothing is sampled before it is asked for. */
export async function profilerFlags(): Promise<{ port: number; flags: string[] }> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, "close");
  return { port, flags: [`--inspect=127.0.0.1:${port}`, "--inspect-publish-uid=http"] };
}

/** Samples the main thread of that server while `work` goes on. */
export async function profiled(port: number, work: () => Promise<unknown>): Promise<Profile> {
  const reply = await fetch(`http://127.0.0.1:${port}/json/list`);
  const [target] = (await reply.json()) as { webSocketDebuggerUrl: string }[];
  const socket = new WebSocket(target!.webSocketDebuggerUrl);
  await new Promise((resolve, reject) => {
    socket.addEventListener("open", resolve);
    socket.addEventListener("error", () => reject(new Error("the profiler cannot be reached")));
  });
  let sent = 0;
  const call = (method: string, params: object = {}): Promise<unknown> =>
    new Promise((resolve, reject) => {
      const id = ++sent;
      const hear = ({ data }: MessageEvent): void => {
        const said = JSON.parse(String(data)) as { id?: number; result?: unknown; error?: object };
        if (said.id !== id) return;
        socket.removeEventListener("message", hear);
        if (said.error === undefined) resolve(said.result);
        else reject(new Error(`${method}: ${JSON.stringify(said.error)}`));
      };
      socket.addEventListener("message", hear);
      socket.send(JSON.stringify({ id, method, params }));
    });
  await call("Profiler.enable");
  await call("Profiler.setSamplingInterval", { interval: sampledEveryUs });
  await call("Profiler.start");
  await work();
  const { profile } = (await call("Profiler.stop")) as { profile: Profile };
  socket.close();
  return profile;
}

/** Self times by function and by room, as shares of the time in which the thread was not idle. */
export function selfTimes({ nodes, samples, timeDeltas }: Profile): {
  busyShare: number;
  tables: Table[];
} {
  const calls = new Map(nodes.map(({ id, callFrame }) => [id, callFrame]));
  const [functions, rooms] = [new Map<string, number>(), new Map<string, number>()];
  let [busy, all] = [0, 0];
  samples.forEach((id, i) => {
    const us = timeDeltas[i]!;
    const call = calls.get(id)!;
    all += us;
    if (call.functionName === "(idle)") return;
    busy += us;
    const place = placeOf(call);
    const line = call.url === "" ? "" : `:${call.lineNumber + 1}`;
    const name = `${call.functionName || "(anonymous)"} ${place}${line}`.trim();
    functions.set(name, (functions.get(name) ?? 0) + us);
    const room = roomOf(call, place);
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
      { title: "Self time by function", head: ["function", "%"], rows: rowsOf(functions) },
      { title: "Self time by room", head: ["room", "%"], rows: rowsOf(rooms) },
    ],
  };
}

/** The path within the server's source, the package's name, or the runtime's own. */
function placeOf({ url }: Call): string {
  const [, own] = url.split("packages/server/src/");
  if (own !== undefined) return own;
  const modules = url.split("node_modules/");
  if (modules.length > 1) return modules.at(-1)!;
  return url.split("/").slice(-2).join("/");
}

function roomOf({ functionName, url }: Call, place: string): string {
  if (url === "") return functionName.startsWith("(") ? functionName : "runtime, native";
  if (url.startsWith("node:")) return "node";
  if (url.includes("node_modules/")) return place.split("/")[0]!;
  const parts = place.split("/").slice(0, -1);
  return parts.length === 0 ? "main" : parts.slice(0, parts[0] === "core" ? 3 : 1).join("/");
}
