/** Bugs that a simulation must catch, each with the words of the law that it breaks. */
import type { CheckpointChange, UserRow } from "../../src/engine/checkpoint/checkpoint.ts";
import { packRanges, rangesOf } from "../../src/engine/users/commits.ts";
import { Tenant } from "../../src/engine/tenants.ts";
import type { Commit } from "../../src/log/log.ts";
import { smallLimits } from "../laws/generate.ts";
import { dayMs } from "./cast.ts";
import { over } from "./laws.ts";
import type { Plant } from "./world.ts";

export interface Planted {
  bug: string;
  breaks: RegExp;
  plant: Plant;
}

const isSum = /is not the sum of the users/;
const isReplay = /live and replay differ|a clean start changed|is not a replay without them/;

/** Every stored row is changed on its way. */
function rows(change: (row: UserRow) => Partial<UserRow>): Plant {
  return storing((stored) => ({
    ...stored,
    rows: stored.rows.map((row) => ({ ...row, ...change(row) })),
  }));
}

function storing(spoil: (change: CheckpointChange) => CheckpointChange): Plant {
  return { checkpoint: () => ({ spoil }) };
}

function shared(isKept: (key: string) => boolean): Plant {
  return storing((change) => ({
    ...change,
    shared: change.shared.filter(([key]) => isKept(key)),
  }));
}

async function* unquarantined(commits: AsyncIterable<Commit>): AsyncGenerator<Commit> {
  for await (const { seq, records } of commits) {
    yield { seq, records: records.filter(({ kind }) => kind !== "quarantine") };
  }
}

/** Changes a method of the engine's tenants for a run. */
function tenantPatch(change: (add: Tenant["add"], subtract: Tenant["subtract"]) => void) {
  return () => {
    const { add, subtract } = Tenant.prototype;
    change(add, subtract);
    return () => Object.assign(Tenant.prototype, { add, subtract });
  };
}

export const planted: Planted[] = [
  {
    bug: "a refold that does not add what its user contributes now",
    breaks: isSum,
    plant: {
      patch: tenantPatch((add, subtract) => {
        const refolding = new WeakSet<Tenant>();
        Tenant.prototype.subtract = function (cells) {
          refolding.add(this);
          subtract.call(this, cells);
        };
        Tenant.prototype.add = function (cells) {
          if (!refolding.delete(this)) add.call(this, cells);
        };
      }),
    },
  },
  {
    bug: "an erasure that takes nothing back",
    breaks: isSum,
    plant: { patch: tenantPatch(() => (Tenant.prototype.subtract = () => undefined)) },
  },
  {
    bug: "a checkpoint that stores the offset before the states",
    breaks: isReplay,
    plant: { checkpoint: () => ({ marksFirst: true }) },
  },
  {
    bug: "a checkpoint that stores an older hour than that of its states",
    breaks: isReplay,
    plant: storing((change) => ({ ...change, mark: { ...change.mark, clockHour: 0 } })),
  },
  {
    bug: "a disk that answers a sync before anything is durable",
    breaks: /was acknowledged and is not in the log|lost commits|beyond the log's head/,
    plant: { disk: { liesAboutSync: true } },
  },
  {
    bug: "a log that is rewritten before the checkpoint is durable",
    breaks: /is rewritten for .* before the checkpoint is durable/,
    plant: {
      checkpoint: (world) => ({
        spoil: (change) => {
          for (const { tenant, subject, purge } of change.rows) {
            for (const one of purge) void world.engineLog.rewrite(tenant, subject, one);
          }
          return change;
        },
      }),
    },
  },
  {
    bug: "a log that is never rewritten",
    breaks: /was forgotten and is there/,
    plant: { log: (log) => over(log, { rewrite: () => Promise.resolve(0) }) },
  },
  {
    bug: "a quarantine that a restart does not know of",
    breaks: isReplay,
    plant: {
      ...shared((key) => !key.startsWith("quarantine/")),
      log: (log) => over(log, { read: (afterSeq) => unquarantined(log.read(afterSeq)) }),
    },
  },
  {
    bug: "a deduplication set that is empty after a restart",
    breaks: /stands \d+ times in the log/,
    plant: { openedAt: (now) => now + 400 * dayMs },
  },
  {
    bug: "a checkpoint that forgets up to when a person was forgotten",
    breaks: isReplay,
    plant: rows(() => ({ barredThrough: 0 })),
  },
  {
    bug: "a checkpoint that forgets who was merged into whom",
    breaks: isReplay,
    plant: rows(() => ({ aliasOf: "" })),
  },
  {
    bug: "a checkpoint that loses a commit of every user",
    breaks: isReplay,
    plant: rows(({ commits }) => ({ commits: packRanges(rangesOf(commits).slice(1)) })),
  },
  {
    bug: "a checkpoint without the outbox",
    breaks: /was never delivered and waits nowhere/,
    plant: storing((change) => ({ ...change, outboxAdd: [] })),
  },
  {
    bug: "a checkpoint without policies, definitions and catalogue",
    breaks: /replays otherwise/,
    plant: shared((key) => !key.startsWith("tenant/")),
  },
  {
    bug: "a checkpoint without the items of catalogues",
    breaks: /replays otherwise/,
    plant: shared((key) => !key.startsWith("items/")),
  },
  {
    bug: "a fold that looks at the wall clock",
    breaks: /core asked for Date\.now/,
    plant: { limits: limitsThat(() => Date.now()) },
  },
  {
    bug: "a fold that draws at random",
    breaks: /core asked for Math\.random/,
    plant: { limits: limitsThat(() => Math.random()) },
  },
];

/** Limits that do something whenever the fold reads them. */
function limitsThat(act: () => number) {
  return {
    ...smallLimits,
    get ringMax(): number {
      act();
      return smallLimits.ringMax;
    },
  };
}
