/**
 * The data directory of a server with a million items and ten million interactions behind it: appended to an
 * engine in this process, through log, fold, sums, checkpoint and view thread at default settings, as a server
 * would hold it after as many requests. It may be kept for the next run.
 */
import {
  cpSync,
  existsSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { readConfig } from "../../packages/server/src/config.ts";
import { logicVersion } from "../../packages/server/src/core/fold/state.ts";
import { subjectOf } from "../../packages/server/src/ingest/subject.ts";
import { open } from "../../packages/server/src/main.ts";
import { type Figure, type Measured, say } from "../figures.ts";
import { dayMs, type Load, loadOf } from "../generate.ts";
import { declareBasis, fill, putCatalogue } from "../prepare.ts";
import { inProcess } from "../process.ts";
import { Records, tenant } from "../workload.ts";

/** Changes with the load that one seed makes, and with what stands in the directory beside the log. */
const version = 1;
const factsFile = "prepared.json";

interface Facts {
  preparedAt: number;
  figures: Figure[];
}

export interface MillionData extends Facts {
  load: Load;
  /** What was done to have it. */
  note: string;
}

/** Ten times the interactions of the load: at the default size 10,000,000 of 200,000 users with 1,000,000 items. */
function millionLoad({ interactions, seed, days }: Load): Load {
  const size = interactions * 10;
  const users = Math.max(20, Math.round(size / 50));
  return loadOf(size, { users, items: Math.max(200, Math.round(size / 10)), seed, days });
}

/** Puts a copy into `dir`; prepared now, or taken from ATTUNE_BENCH_DATA. */
export async function millionData(given: Load, dir: string): Promise<MillionData> {
  const load = millionLoad(given);
  const { interactions, items, users, seed, days } = load;
  const kept = process.env["ATTUNE_BENCH_DATA"];
  const name = `served-million-${version}-logic${logicVersion}-${interactions}-${items}-${users}-${days}d-seed${seed}`;
  const prepare = async (at: string): Promise<Facts> => {
    mkdirSync(at, { recursive: true });
    say(`served-million: preparing ${interactions} interactions of ${users} users, ${items} items`);
    const task = {
      do: "prepare million",
      name: "served-million",
      dir: at,
      data: "",
      load,
    } as const;
    const { figures } = await inProcess(task);
    return { preparedAt: Date.now(), figures };
  };
  if (kept === undefined) return { ...(await prepare(dir)), load, note: "Prepared in this run." };
  const place = join(kept, name);
  const isKept = existsSync(place);
  if (!isKept) {
    const draft = `${place}.draft`;
    rmSync(draft, { recursive: true, force: true });
    const facts = await prepare(draft);
    writeFileSync(join(draft, factsFile), JSON.stringify(facts));
    renameSync(draft, place);
  }
  const facts = JSON.parse(readFileSync(join(place, factsFile), "utf8")) as Facts;
  say(`served-million: copying ${place}`);
  cpSync(place, dir, { recursive: true });
  const hours = (Date.now() - facts.preparedAt) / 3_600_000;
  const note = isKept
    ? `The data directory was prepared by an earlier run, ${hours.toFixed(1)} h before (${name}).`
    : `Prepared in this run and kept (${name}).`;
  return { ...facts, load, note };
}

/** Fills `dir` with the load, which ends now. */
export async function prepareMillion(dir: string, load: Load): Promise<Measured> {
  const attune = await open(readConfig({}, { data: dir }));
  const { engine, tenants } = attune;
  const { key } = tenants[0]!;
  const subjects: string[] = [];
  const subject = (user: number) => (subjects[user] ??= subjectOf(key, "user", `user-${user}`));
  const begin = Date.now() - load.days * dayMs;
  await declareBasis(engine);
  const catalogueMs = await putCatalogue(engine, load.items, begin);
  say(`served-million: catalogue after ${(catalogueMs / 1000).toFixed(1)} s`);
  const records = new Records(load, begin, subject);
  const start = performance.now();
  await fill(engine, records, load.interactions);
  const fillMs = performance.now() - start;
  const { models } = engine.tenant(tenant);
  const { size, bytes } = models.sessions;
  const modelBytes = models.all().reduce((sum, model) => sum + model.bytes, 0);
  globalThis.gc?.();
  const { rss } = process.memoryUsage();
  const closing = performance.now();
  await attune.close();
  const closeMs = performance.now() - closing;
  const bound = { side: "at most", value: 20 } as const;
  // A small index pays for the room that it has taken in advance.
  const floor = load.interactions < 500_000 ? {} : { floor: bound };
  return {
    notes: [],
    figures: [
      {
        name: "catalogue put, in process",
        value: load.items / (catalogueMs / 1000),
        unit: "items/s",
      },
      {
        name: "interactions appended and folded, in process",
        value: load.interactions / (fillMs / 1000),
        unit: "records/s",
      },
      { name: "stored at the end", value: closeMs, unit: "ms" },
      { name: "session index", value: bytes / size, unit: "B/interaction", ...floor },
      { name: "all models", value: modelBytes / size, unit: "B/interaction" },
      { name: "whole process that prepared it", value: rss / size, unit: "B/interaction" },
    ],
  };
}
