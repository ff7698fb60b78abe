import type { Log } from "../log/log.ts";

/** A position or cursor is of another log, beyond its head, or what stood behind it is not kept any more. */
export class PositionError extends Error {
  constructor(message: string) {
    super(message);
    this.name = "PositionError";
  }
}

/** The commit that a position of this log names. Throws a PositionError. */
export function seqOf(position: string, log: Log): number {
  const dot = position.lastIndexOf(".");
  const seq = Number(position.slice(dot + 1));
  if (dot < 1 || !Number.isSafeInteger(seq) || position.slice(0, dot) !== log.epoch)
    throw new PositionError(`${position} is no position of this log (epoch ${log.epoch}).`);
  return seq;
}
