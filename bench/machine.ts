/** The machine that figures were taken on, as far as it can be told without asking anything outside it. */
import { readFileSync, statfsSync } from "node:fs";
import { arch, cpus, release, tmpdir, totalmem, type } from "node:os";

export interface Machine {
  processor: string;
  cores: number;
  memoryGb: number;
  system: string;
  node: string;
  sqlite: string;
  /** File system under the temporary directory, where all files of a run lie. */
  fileSystem: string;
  /** The day of the run, UTC. */
  date: string;
}

const fileSystems = new Map([
  [0xef53, "ext4"],
  [0x58465342, "xfs"],
  [0x9123683e, "btrfs"],
  [0x2fc12fc1, "zfs"],
  [
    0x01021994,
    "tmpfs (in memory: a sync costs nothing here, so take no figure of the log from it)",
  ],
  [0x794c7630, "overlayfs"],
]);

export function describeMachine(now: Date): Machine {
  const { versions } = process;
  return {
    processor: cpus()[0]?.model ?? "unknown",
    cores: cpus().length,
    memoryGb: Math.round(totalmem() / 2 ** 30),
    system: `${type()} ${release()} ${arch()}`,
    node: versions.node,
    sqlite: versions["sqlite"] ?? "unknown",
    fileSystem: fileSystems.get(statfsSync(tmpdir()).type) ?? "unknown",
    date: now.toISOString().slice(0, 10),
  };
}

/** Processes that wanted a core in the last minute, or undefined where the system does not say. */
export function loadAverage(): number | undefined {
  try {
    return Number(readFileSync("/proc/loadavg", "utf8").split(" ")[0]);
  } catch {
    return undefined;
  }
}
