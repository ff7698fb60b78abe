/** How far an import came, kept in the data directory under the digest of the file. */
import { createHash } from "node:crypto";
import { createReadStream, existsSync, mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { writeDurably } from "../../tenants.ts";

export interface ImportState {
  file: string;
  /** Lines whose events are durable, and the place after them in bytes. */
  line: number;
  byte: number;
  /** Whether lines are counted in the order of time or of the file. */
  isSorted: boolean;
  isDone: boolean;
}

export async function digestOf(path: string): Promise<string> {
  const hash = createHash("sha256");
  for await (const chunk of createReadStream(path)) hash.update(chunk as Buffer);
  return hash.digest("hex");
}

export class ImportStates {
  readonly #path: string;
  /** Where refused lines go. */
  readonly rejectedPath: string;

  /** The same bytes read another way, or for another tenant, are another import. */
  constructor(folder: string, digest: string, reading: string) {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    const name = createHash("sha256").update(`${digest} ${reading}`).digest("hex").slice(0, 32);
    this.#path = join(folder, `${name}.json`);
    this.rejectedPath = join(folder, `${name}.rejected.jsonl`);
  }

  load(): ImportState | undefined {
    if (!existsSync(this.#path)) return undefined;
    return JSON.parse(readFileSync(this.#path, "utf8")) as ImportState;
  }

  save(state: ImportState): void {
    writeDurably(this.#path, `${JSON.stringify(state)}\n`);
  }
}
