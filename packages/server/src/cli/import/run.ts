/**
 * Reads a file through a dialect into the log: batches in flight with back-pressure, clock records by the
 * data's own time, a place to resume from that only ever covers what is durable.
 */
import { closeSync, openSync, writeSync } from "node:fs";
import type { ErrorCode } from "@attune/protocol";
import {
  acceptAll,
  type Accepted,
  conclude,
  type Door,
  type Verdict,
} from "../../ingest/accept.ts";
import type { Dialect, Parsed } from "../../ingest/dialect/dialect.ts";
import type { Attune } from "../../main.ts";
import type { ImportStates } from "./state.ts";
import { type Line, linesOf, type Place } from "./lines.ts";
import type { Progress } from "./progress.ts";
import { hourMs } from "../times.ts";

export interface ImportJob {
  attune: Attune;
  door: Door;
  dialect: Dialect;
  path: string;
  lines: AsyncIterable<Line[]>;
  /** Names events that have no id of their own. */
  digest: string;
  from: Place;
  /** Whether `lines` come in the order of time; a place in one order means nothing in the other. */
  isSorted: boolean;
  states: ImportStates;
  progress: Progress;
  batchEvents: number;
  batchesInFlightMax: number;
  lineBytesMax: number;
  /** True when the person at the keyboard wants to stop. */
  isStopped: () => boolean;
}

export interface ImportCounts {
  events: number;
  records: number;
  ok: number;
  duplicate: number;
  warning: number;
  drop: number;
  /** Warnings and drops by code. */
  codes: Partial<Record<ErrorCode, number>>;
}

interface Batch {
  entries: { parsed: Parsed; line: Line; index: number }[];
  end: Place;
}

export async function runImport(job: ImportJob): Promise<{ counts: ImportCounts; end: Place }> {
  const run = new ImportRun(job);
  try {
    const reader = job.dialect.open();
    for await (const lines of job.lines) {
      for (const line of lines) {
        run.add(line, line.text === undefined ? [tooLong(job)] : reader.read(line.text));
        if (run.isFull && !reader.isOpen) await run.send();
      }
      if (job.isStopped()) break;
    }
    if (!job.isStopped()) run.add(undefined, reader.end());
    // A row that is still open is not covered: resuming reads it again from its start.
    if (!reader.isOpen) await run.send();
    await run.finish();
    return { counts: run.counts, end: run.end };
  } finally {
    run.close();
  }
}

/** The lines of a job in the order of the file; a header comes again when reading goes on further down. */
export async function* inFileOrder(
  path: string,
  dialect: Dialect,
  from: Place,
  lineBytesMax: number,
): AsyncGenerator<Line[]> {
  if (dialect.hasHeader && from.line > 0) {
    for await (const lines of linesOf(path, { line: 0, byte: 0 }, lineBytesMax)) {
      const header = lines.find(({ text }) => text !== undefined && text.trim() !== "");
      if (header === undefined) continue;
      yield [{ ...header, place: from }];
      break;
    }
  }
  yield* linesOf(path, from, lineBytesMax);
}

function tooLong(job: ImportJob): Parsed {
  const detail = `the line is longer than batchBytesMax ${job.lineBytesMax}`;
  return { refusal: { code: "event_too_large", detail } };
}

class ImportRun {
  readonly counts: ImportCounts = {
    events: 0,
    records: 0,
    ok: 0,
    duplicate: 0,
    warning: 0,
    drop: 0,
    codes: {},
  };
  readonly #job: ImportJob;
  #batch: Batch;
  readonly #inFlight: Promise<void>[] = [];
  #newestAt = 0;
  #rejected: number | undefined;
  #savedAt = 0;
  /** Everything up to here is durable. */
  end: Place;

  constructor(job: ImportJob) {
    this.#job = job;
    this.#batch = { entries: [], end: { ...job.from } };
    this.end = { ...job.from };
  }

  get isFull(): boolean {
    return this.#batch.entries.length >= this.#job.batchEvents;
  }

  add(line: Line | undefined, parsed: readonly Parsed[]): void {
    const { end } = this.#batch;
    const place = line ?? { text: undefined, number: end.line, place: end };
    this.#batch.end = place.place;
    parsed.forEach((entry, index) => {
      this.#batch.entries.push({ parsed: entry, line: place, index });
    });
  }

  async send(): Promise<void> {
    const batch = this.#batch;
    this.#batch = { entries: [], end: { ...batch.end } };
    while (this.#inFlight.length >= this.#job.batchesInFlightMax) await this.#inFlight.shift();
    this.#inFlight.push(this.#append(batch, this.#inFlight.at(-1)));
  }

  async finish(): Promise<void> {
    while (this.#inFlight.length > 0) await this.#inFlight.shift();
    await this.#job.attune.engine.settled();
  }

  close(): void {
    if (this.#rejected !== undefined) closeSync(this.#rejected);
  }

  async #append(batch: Batch, before: Promise<void> | undefined): Promise<void> {
    const { attune, door, digest, progress, states, path } = this.#job;
    const fallbackId = (i: number): string => {
      const { line, index } = batch.entries[i]!;
      return `${digest}:${line.number}:${index}`;
    };
    const parsed = batch.entries.map((entry) => entry.parsed);
    const accepted = acceptAll(parsed, door, Date.now(), fallbackId);
    const records = accepted.flatMap((entry) => entry.records);
    const [appended] = await Promise.all([
      records.length === 0 ? undefined : attune.engine.append(records),
      this.#advanceClock(accepted),
    ]);
    // The place to resume from moves in order, whatever order the batches came back in.
    await before;
    this.counts.records += appended?.results.filter((result) => result === "appended").length ?? 0;
    this.#count(batch, conclude(accepted, appended));
    this.end = batch.end;
    progress.draw(batch.end.byte, this.counts.events);
    const now = performance.now();
    if (now - this.#savedAt < 1_000) return;
    this.#savedAt = now;
    states.save({ file: path, ...batch.end, isSorted: this.#job.isSorted, isDone: false });
  }

  /** Windows move on the data's own time, so that an import of last year's data leaves last year's trends. */
  async #advanceClock(accepted: readonly Accepted[]): Promise<void> {
    const before = this.#newestAt;
    for (const { records } of accepted) {
      for (const record of records) this.#newestAt = Math.max(this.#newestAt, record.at);
    }
    const hour = Math.floor(this.#newestAt / hourMs);
    if (hour > Math.floor(before / hourMs)) await this.#job.attune.engine.advanceClock(hour);
  }

  #count(batch: Batch, verdicts: readonly Verdict[]): void {
    verdicts.forEach((verdict, i) => {
      this.counts.events += 1;
      this.counts[verdict.result] += 1;
      const { code } = verdict;
      if (code !== undefined) this.counts.codes[code] = (this.counts.codes[code] ?? 0) + 1;
      if (verdict.result === "drop") this.#reject(batch.entries[i]!.line, verdict);
    });
  }

  /** Dead lines with their reasons. Of an event that nobody may keep, the reason alone is kept. */
  #reject(line: Line, { code, field, detail }: Verdict): void {
    const isSecret = code === "consent_denied" || code === "erased_event_time";
    const text = isSecret ? undefined : line.text?.slice(0, textUnitsMax);
    this.#rejected ??= openSync(this.#job.states.rejectedPath, "a", 0o600);
    writeSync(
      this.#rejected,
      `${JSON.stringify({ line: line.number, code, field, detail, text })}\n`,
    );
  }
}

const textUnitsMax = 2_000;
