/** Small files that only their owner may read (0600): written whole or not at all, and on the disk when it returns. */
import {
  closeSync,
  existsSync,
  fsyncSync,
  openSync,
  readFileSync,
  renameSync,
  writeSync,
} from "node:fs";
import { dirname } from "node:path";
import { CodedError } from "@attune/protocol";

export function writePrivately(path: string, value: unknown): void {
  const draft = `${path}.new`;
  const file = openSync(draft, "w", 0o600);
  try {
    writeSync(file, `${JSON.stringify(value, undefined, 1)}\n`);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
  renameSync(draft, path);
  const folder = openSync(dirname(path), "r");
  try {
    fsyncSync(folder);
  } finally {
    closeSync(folder);
  }
}

/** The file's JSON, or nothing where there is no file; one that cannot be read is a CodedError naming it. */
export function readPrivate(path: string, what: string): unknown {
  if (!existsSync(path)) return undefined;
  try {
    return JSON.parse(readFileSync(path, "utf8"));
  } catch (cause) {
    const message = `${path} cannot be read as ${what}: restore it from a backup.`;
    throw new CodedError("data_invalid", message, { cause });
  }
}
