/**
 * The witness stands in a file of its own and says how far the log had got: (epoch, newest durable seq). A
 * flipped bit in a write-ahead log cuts it short without an error; the witness is what notices. Two slots are
 * written in turn, so that a torn write leaves the other.
 */
import { ByteReader, ByteWriter } from "../base/bytes.ts";
import { crc32c } from "../base/crc32c.ts";
import { LogCorruptError } from "./log.ts";

export interface Witness {
  epoch: string;
  seq: number;
}

export const slotBytes = 64;
export const witnessBytes = 2 * slotBytes;
const magic = 0x57544e31;

/** The slot for this witness and where it belongs. */
export function encodeSlot(witness: Witness, turn: number): { at: number; bytes: Uint8Array } {
  const writer = new ByteWriter(slotBytes);
  writer.u32(magic);
  writer.int53(witness.seq);
  writer.text(witness.epoch);
  const sum = crc32c(writer.view());
  const bytes = new Uint8Array(slotBytes);
  bytes.set(writer.view(), 4);
  new DataView(bytes.buffer).setUint32(0, sum, true);
  return { at: (turn % 2) * slotBytes, bytes };
}

/** The newer of the slots that are whole; undefined when none is. */
export function decodeWitness(bytes: Uint8Array): Witness | undefined {
  const slots = [0, slotBytes].map((at) => decodeSlot(bytes.subarray(at, at + slotBytes)));
  return slots.reduce((a, b) => (a === undefined || (b !== undefined && b.seq > a.seq) ? b : a));
}

function decodeSlot(bytes: Uint8Array): Witness | undefined {
  if (bytes.length !== slotBytes) return undefined;
  const reader = new ByteReader(bytes);
  const sum = reader.u32();
  try {
    if (reader.u32() !== magic) return undefined;
    const witness = { seq: reader.int53(), epoch: reader.text() };
    return crc32c(bytes.subarray(4, reader.at)) === sum ? witness : undefined;
  } catch {
    return undefined; // not a slot, or a torn one
  }
}

/**
 * What an opening does with the witness it finds: `keep` the log's epoch, or take a `new` one because nobody
 * can say that the log is whole (no witness, or a loss that the operator accepts). Throws when the log is
 * behind its witness or the two do not belong together.
 */
export function judgeWitness(
  witness: Witness | undefined,
  log: Witness,
  acceptLoss: boolean,
): "keep" | "new" {
  if (witness === undefined) return "new";
  if (witness.epoch === log.epoch && witness.seq <= log.seq) return "keep";
  if (acceptLoss) return "new";
  if (witness.epoch !== log.epoch) {
    const epochs = `the log's epoch is ${log.epoch}, its witness's ${witness.epoch}`;
    throw new LogCorruptError(`log and witness do not belong together: ${epochs}`, log.seq);
  }
  const seqs = `its head is ${log.seq}, its witness saw ${witness.seq}`;
  throw new LogCorruptError(`the log lost commits: ${seqs}`, log.seq + 1);
}

/** A name for a log's life; positions of another epoch are void. */
export function newEpoch(): string {
  let text = "";
  for (const byte of crypto.getRandomValues(new Uint8Array(10))) text += (byte % 36).toString(36);
  return text;
}
