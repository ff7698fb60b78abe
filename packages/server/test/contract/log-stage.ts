/** Where a contract test keeps its log, with the faults that it may be given. */
import type { GroupCommitOptions } from "../../src/log/group-commit.ts";
import type { Log } from "../../src/log/log.ts";

export interface OpenOptions extends Partial<GroupCommitOptions> {
  acceptLoss?: boolean | undefined;
}

/** One place where a log is kept: opening twice opens the same log. The faults need it closed. */
export interface LogStage {
  open(options?: OpenOptions): Promise<Log>;
  /** Flips one bit of what is stored of a commit, modulo its length; returns how to flip it back. */
  flipBit(seq: number, bit: number): () => void;
  /** How many flips the suite may try: opening costs a thread in some. */
  flips: number;
  /** Takes commits away as if they had never been written; the witness stays. */
  dropCommits(first: number, last: number): void;
  removeWitness(): void;
  /** True when the text stands anywhere in what is stored. */
  holds(text: string): boolean;
  dispose(): void;
  /** Why two cannot have it open at once; absent when they can. */
  whyNotShared?: string | undefined;
  /** Why it cannot be copied while it runs; absent when it can. */
  whyNoBackup?: string | undefined;
  backupDir?: string | undefined;
  /** Opens the copy that `backup` made in `dir`. */
  openBackup?: ((dir: string) => Promise<Log>) | undefined;
}

export type Open = (options?: OpenOptions) => Promise<Log>;
