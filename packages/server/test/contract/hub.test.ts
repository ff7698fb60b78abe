import { HubMemory } from "../../src/deliver/hub-memory.ts";
import { hubContract } from "./hub.ts";

hubContract("hub in memory", (options) => {
  let now = 1_000_000;
  let epochs = 0;
  const hub = new HubMemory({ ...options, now: () => now, newEpoch: () => `e${++epochs}` });
  return { hub, wait: (ms) => void (now += ms) };
});
