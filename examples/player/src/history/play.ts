/** One listen of somebody's history, as it is sent on: which track, when, and whether it was skipped. */
export interface Play {
  id: string;
  /** As the export gives it; there is no artist in what is kept. */
  title: string;
  /** When the listen ended, ms. */
  at: number;
  isSkipped: boolean;
}

export class HistoryError extends Error {}
