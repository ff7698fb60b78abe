/** What the main thread and the log worker say to each other. Bytes move by transfer, packed into one buffer. */
import { ByteReader, ByteWriter } from "../base/bytes.ts";
import type { LogRecord } from "../base/record.ts";
import type { Batch, LogEnd } from "./batch.ts";
import {
  type BackupFile,
  LogCorruptError,
  LogUnavailableError,
  type LogUnavailableReason,
  type Removal,
  type SeqRange,
} from "./log.ts";

export type Request =
  | { op: "commit"; seq: number; heads: Uint8Array; body: Uint8Array }
  | { op: "read"; first: number; last: number }
  | { op: "readSubject"; tenant: number; subject: string; seqs: readonly SeqRange[] }
  | { op: "rewrite"; tenant: number; subject: string; removal: Removal }
  | { op: "seqFrom"; time: number }
  | { op: "backup"; dir: string }
  | { op: "close" };

/** What each request is answered with. */
export interface Answers {
  commit: null;
  read: Uint8Array;
  readSubject: Uint8Array;
  rewrite: LogRecord[];
  seqFrom: number;
  backup: BackupFile[];
  close: null;
}

export type ToWorker = { id: number; request: Request };

export type FromWorker =
  | { opened: { epoch: string; end: LogEnd } }
  | { id: number; value: Answers[keyof Answers] }
  | { id: number; error: PlainError };

/** An error loses its class and fields on the way between threads: they are sent by hand. */
export interface PlainError {
  name: string;
  message: string;
  seq?: number | undefined;
  reason?: LogUnavailableReason | undefined;
}

export function toPlainError(error: unknown): PlainError {
  const { name, message } = error instanceof Error ? error : new Error(String(error));
  if (error instanceof LogCorruptError) return { name, message, seq: error.seq };
  if (error instanceof LogUnavailableError) return { name, message, reason: error.reason };
  return { name, message };
}

export function fromPlainError({ name, message, seq, reason }: PlainError): Error {
  if (seq !== undefined) return new LogCorruptError(message, seq);
  if (reason !== undefined) return new LogUnavailableError(message, reason);
  return Object.assign(new Error(message), { name });
}

export function packBatches(batches: readonly Batch[]): Uint8Array<ArrayBuffer> {
  let size = 0;
  for (const { heads, body } of batches) size += 16 + heads.length + body.length;
  const writer = new ByteWriter(size);
  for (const { seq, heads, body } of batches) {
    writer.int53(seq);
    writer.u32(heads.length);
    writer.u32(body.length);
    writer.raw(heads);
    writer.raw(body);
  }
  return writer.take();
}

export function unpackBatches(bytes: Uint8Array): Batch[] {
  const reader = new ByteReader(bytes);
  const batches: Batch[] = [];
  while (reader.left > 0) {
    const seq = reader.int53();
    const [headsLength, bodyLength] = [reader.u32(), reader.u32()];
    batches.push({ seq, heads: reader.raw(headsLength), body: reader.raw(bodyLength) });
  }
  return batches;
}
