import { randomBytes } from "node:crypto";
import type { RecordInput } from "../base/record.ts";
import type { AppendResult } from "../log/log.ts";
import { engineRecord } from "./payload.ts";
import type { Erasure } from "./processor.ts";

export interface ForgetReceipt {
  /** Subjects erased: the user and everything merged into it. */
  subjects: string[];
  erasures: { before: Record<string, string>; after: Record<string, string>; cells: number }[];
  position: string;
}

/** What of the engine a forget needs. */
export interface ForgettingParts {
  append(records: readonly RecordInput[]): Promise<AppendResult>;
  settled(): Promise<void>;
  resolve(tenant: number, subject: string): string;
  aliases(tenant: number, subject: string): readonly string[];
}

/**
 * Asks the log to forget, and says what came of it: one forget record for every subject of the person, also
 * for those that a merge under way makes the person's while the request runs.
 */
export class Forgetting {
  readonly #parts: ForgettingParts;
  readonly #listeners = new Set<(erasure: Erasure) => void>();

  constructor(parts: ForgettingParts) {
    this.#parts = parts;
  }

  /** To be told of every erasure. */
  hear(erasure: Erasure): void {
    for (const listener of this.#listeners) listener(erasure);
  }

  async forget(
    tenant: number,
    subject: string,
    at: number,
    reason: string | undefined,
    onPerson: ((subjects: readonly string[]) => void) | undefined,
  ): Promise<ForgetReceipt> {
    await this.#parts.settled();
    const subjects: string[] = [];
    const erasures: ForgetReceipt["erasures"] = [];
    const others = new Set<string>();
    const listener = ({ user, before, after, cells, others: merged }: Erasure): void => {
      if (user.tenant !== tenant || !subjects.includes(user.subject)) return;
      erasures.push({ before, after, cells });
      for (const other of merged) others.add(other);
    };
    this.#listeners.add(listener);
    try {
      let position = "";
      let next = this.#person(tenant, subject);
      while (next.length > 0) {
        subjects.push(...next);
        onPerson?.(next);
        position = await this.#append(tenant, next, at, reason);
        // A merge that was on its way when the person was looked up shows when its subject is erased.
        next = [...others].filter((other) => !subjects.includes(other));
      }
      return { subjects, erasures, position };
    } finally {
      this.#listeners.delete(listener);
    }
  }

  /** Leaves a span of event times (ms, both ends included) out of a user's past. */
  async forgetPart(
    tenant: number,
    subject: string,
    from: number,
    to: number,
    at: number,
  ): Promise<string> {
    await this.#parts.settled();
    for (;;) {
      const root = this.#parts.resolve(tenant, subject);
      const { position } = await this.#parts.append([
        engineRecord(
          "forget",
          { scope: "part", from, to },
          { tenant, subject: root, at, id: `${root}:${from}:${to}:${at}` },
        ),
      ]);
      await this.#parts.settled();
      // Merged meanwhile: what was to be forgotten stands under another subject now.
      if (this.#parts.resolve(tenant, subject) === root) return position;
    }
  }

  /** The subject that the person's others were merged into, and those. */
  #person(tenant: number, subject: string): string[] {
    const root = this.#parts.resolve(tenant, subject);
    return [root, ...this.#parts.aliases(tenant, root)];
  }

  async #append(
    tenant: number,
    subjects: readonly string[],
    at: number,
    reason: string | undefined,
  ): Promise<string> {
    const id = randomBytes(8).toString("hex");
    const records = subjects.map((subject) =>
      engineRecord(
        "forget",
        { scope: "all", at, reason },
        { tenant, subject, at, id: `${subject}:${at}:${id}` },
      ),
    );
    const { position } = await this.#parts.append(records);
    await this.#parts.settled();
    return position;
  }
}
