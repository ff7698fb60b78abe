import type { FoldLimits } from "../core/fold/state.ts";
import type { Log } from "../log/log.ts";
import type { Checkpoint } from "./checkpoint/checkpoint.ts";
import type { EaseOptions } from "./views/ease.ts";

/** What an engine is opened with: the log, the checkpoint, the clock, and its limits. */
export interface EngineOptions extends EaseOptions {
  log: Log;
  checkpoint: Checkpoint;
  /** The wall clock, ms since 1970; a virtual one in tests. */
  now: () => number;
  limits?: Readonly<FoldLimits> | undefined;
  /** Decoded users kept in memory; at the limit clean ones are dropped and decoded again on touch. */
  hotUsersMax?: number | undefined;
  /** A checkpoint begins after this many records; 0 = only when asked. */
  checkpointRecords?: number | undefined;
  /** Effects that may wait for delivery; at the limit the oldest is dropped and counted. */
  outboxMax?: number | undefined;
  /** Names this start of the engine in decision ids: new at every start. */
  startId?: string | undefined;
  /**
   * Runs the view thread: full digests and EASE without holding up answers, at the price of a second set of
   * sums and, at the limit of its size, most of a minute of one core for every solve.
   */
  hasViews?: boolean | undefined;
  /**
   * Solves the weights of the ranker, in a view thread that tails the ranker's rows alone unless `hasViews`; and the
   * counts of what people like together, and solves EASE, where `easeCorePermille` gives it some of a core.
   */
  hasRanker?: boolean | undefined;
  /** Threads that answer over HTTP from sums of their own, each a further set; 0, the default, is none. */
  rankThreads?: number | undefined;
  /** Rows of the ranker a second at most, of people who act without a list; by default none without a view thread. */
  shadowDecisionsPerSMax?: number | undefined;
  /** The id under which a decision is known outside; `start:counter` itself by default. */
  publicId?: ((tenant: number, id: string) => string) | undefined;
  /** Minutes by which the clocks of a tenant's zone are ahead of UTC at a time; 0 by default. */
  utcOffset?: ((tenant: number, at: number) => number) | undefined;
  /** How long a decision may wait for others to share a commit with it; 0 by default. */
  decisionDelayMsMax?: number | undefined;
  /** Timers that were due longer ago than this are dropped: nobody waits for a session's end of last year. */
  timerStaleMs?: number | undefined;
}
