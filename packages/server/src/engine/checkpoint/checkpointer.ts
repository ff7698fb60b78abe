import { setImmediate, setTimeout as pause } from "node:timers/promises";
import { ByteReader, ByteWriter } from "../../base/bytes.ts";
import { utf8Decode, utf8Encode } from "../../base/text.ts";
import { decodeState } from "../../core/fold/codec.ts";
import { logicVersion, type UserState } from "../../core/fold/state.ts";
import type { DedupeSnapshot, Log } from "../../log/log.ts";
import type { Checkpoint, Mark, UserRow } from "./checkpoint.ts";
import type { Outbox } from "../outbox.ts";
import type { Declared } from "../declaration.ts";
import type { Tenant, Tenants } from "../tenants.ts";
import type { Users } from "../users/users.ts";
import { pieceOf, StoredCatalogue } from "./stored-catalogue.ts";

export interface CheckpointerParts {
  checkpoint: Checkpoint;
  log: Log;
  users: Users;
  tenants: Tenants;
  outbox: Outbox;
  quarantined: Set<string>;
}

/** Users packed between two rests, a quarter of a millisecond of work, and the rest before the next. */
const packedPerTurn = 16;
const restMs = 4;
/** More are packed at once where this many rests, some 5 s, would not do: there are more users, and the next checkpoint is due sooner. */
const restsMax = 1_000;
/** Fewer dirty users than these are packed without rests. */
const restedMin = 16 * packedPerTurn;
/** Users looked at, a turn, for whether they may leave memory: well below 1 ms. */
const releasedPerTurn = 2_048;
/** Users restored between two turns, and messages of contributions (64 kB) that may wait for a thread then. */
const restoredPerTurn = 256;
const messagesBehindMax = 64;

/**
 * Moves the engine's memory into the checkpoint and back. One run: freeze what is dirty at a commit's end,
 * pack it in slices while the engine goes on, commit rows, offset, shared values and outbox in one
 * transaction; then, and only then, rewrite the log without those who were forgotten.
 */
export class Checkpointer {
  readonly #parts: CheckpointerParts;
  readonly #savedQuarantine = new Set<string>();
  /** By tenant. */
  readonly #catalogues = new Map<number, StoredCatalogue>();
  #running: Promise<void> | undefined;

  constructor(parts: CheckpointerParts) {
    this.#parts = parts;
    parts.tenants.onCatalogue = (tenant, change) =>
      this.#catalogueOf(tenant.number).changed(change, tenant.catalogue);
  }

  get isRunning(): boolean {
    return this.#running !== undefined;
  }

  async restore(
    mark: Mark | undefined,
    onUser: (row: UserRow, state: UserState | undefined) => void,
  ): Promise<void> {
    const { checkpoint, tenants, outbox, users } = this.#parts;
    if (mark === undefined) return;
    tenants.advance(mark.clockHour);
    for (const [key, value] of checkpoint.shared()) {
      // Ranking threads take in a piece of a catalogue while the next is read here.
      if (this.#restoreShared(key, value)) await setImmediate();
    }
    for (const entry of checkpoint.outbox()) outbox.restore(entry);
    let restored = 0;
    for (const row of checkpoint.rowsAsStored()) {
      users.restored(row);
      onUser(row, row.body === null ? undefined : decodeState(row.body));
      if (++restored % restoredPerTurn === 0) await this.#threadsTakeIn();
    }
  }

  /** Lets threads take in what they were told, or all of it would lie in memory as messages at the end of a start. */
  async #threadsTakeIn(): Promise<void> {
    await setImmediate();
    while (this.#parts.tenants.behind > messagesBehindMax) await pause(1);
  }

  /**
   * One checkpoint, once no other runs and no commit is half done (`busy`), at the commit `position` names in
   * that very turn. The deduplication set goes with it only when asked: it is large, and without it a start
   * reads it from the log's headers.
   */
  async run(
    busy: () => Promise<void> | undefined,
    position: () => number,
    withDedupe: boolean,
  ): Promise<void> {
    for (;;) {
      const pending = this.#running ?? busy();
      if (pending === undefined) break;
      await pending;
    }
    this.#running = this.#once(position(), withDedupe).finally(() => (this.#running = undefined));
    await this.#running;
  }

  async #once(seq: number, withDedupe: boolean): Promise<void> {
    const { checkpoint, log, users, tenants, outbox } = this.#parts;
    // At a stop nobody waits for an answer any more.
    const isRested = !withDedupe && users.dirtyCount >= restedMin;
    const perTurn = Math.max(packedPerTurn, Math.ceil(users.dirtyCount / restsMax));
    users.freeze();
    const mark: Mark = { seq, clockHour: tenants.clockHour, logic: logicVersion };
    const { add, remove } = outbox.takeChanges();
    const declared = this.#takeDeclared();
    const shared = this.#takeQuarantined();
    const rest = () => (isRested ? pause(restMs) : setImmediate());
    while (!users.packSome(perTurn)) await rest();
    for (const { tenant, value, writing } of declared) {
      let step = writing.next();
      for (; step.done !== true; step = writing.next()) await rest();
      // One by one: there may be more of them than a call has arguments.
      for (const piece of step.value) shared.push([...piece]);
      value.catalogue.entries = this.#catalogueOf(tenant.number).entries;
      shared.push([`tenant/${tenant.number}`, utf8Encode(JSON.stringify(value))]);
    }
    const rows = users.takePacked();
    if (withDedupe) shared.push([dedupeKey, encodeDedupe(log.dedupeSnapshot())]);
    // An older set still holds the ids of those who are about to leave the log.
    else if (rows.some((row) => row.purge.length > 0)) shared.push([dedupeKey, null]);
    await checkpoint.commit({ mark, rows, shared, outboxAdd: add, outboxRemove: remove, isRested });
    users.saved();
    while (!users.releaseSome(releasedPerTurn)) await setImmediate();
    await this.#purge(rows);
  }

  /** Rewrites the log without what durable rows say must go. Done again after a crash, it finds nothing. */
  async #purge(rows: readonly UserRow[]): Promise<void> {
    const { log, users } = this.#parts;
    for (const row of rows) {
      if (row.purge.length === 0) continue;
      for (const removal of row.purge) await log.rewrite(row.tenant, row.subject, removal);
      const user = users.obtain(row.tenant, row.subject);
      users.change(user);
      user.purge.splice(0, row.purge.length);
    }
  }

  /** What tenants declared, as it is in this turn; the items of a catalogue are written at leisure. */
  #takeDeclared() {
    return this.#parts.tenants.all().flatMap((tenant: Tenant) => {
      const value = tenant.takeDeclared();
      if (value === undefined) return [];
      const writing = this.#catalogueOf(tenant.number).write(tenant.catalogue);
      return [{ tenant, value, writing }];
    });
  }

  #catalogueOf(tenant: number): StoredCatalogue {
    const known = this.#catalogues.get(tenant);
    if (known !== undefined) return known;
    const made = new StoredCatalogue(tenant);
    this.#catalogues.set(tenant, made);
    return made;
  }

  #takeQuarantined(): [string, Uint8Array | null][] {
    const { quarantined } = this.#parts;
    const shared: [string, Uint8Array | null][] = [];
    for (const place of quarantined) {
      if (this.#savedQuarantine.has(place)) continue;
      this.#savedQuarantine.add(place);
      shared.push([`quarantine/${place}`, new Uint8Array(0)]);
    }
    return shared;
  }

  /** Whether it was a piece of a catalogue. */
  #restoreShared(key: string, value: Uint8Array): boolean {
    if (key === dedupeKey) return false;
    const piece = pieceOf(key);
    if (piece !== undefined) {
      this.#parts.tenants.obtain(piece.tenant).declare({ type: "items", bytes: value });
      this.#catalogueOf(piece.tenant).found(piece.number);
      return true;
    }
    const slash = key.indexOf("/");
    const part = key.slice(0, slash);
    const name = key.slice(slash + 1);
    if (part === "quarantine") {
      this.#parts.quarantined.add(name);
      this.#savedQuarantine.add(name);
    }
    if (part === "tenant") {
      const declared = JSON.parse(utf8Decode(value)) as Declared;
      this.#parts.tenants.obtain(Number(name)).declare({ type: "restored", declared });
      this.#catalogueOf(Number(name)).foundAll(declared.catalogue.entries);
    }
    return false;
  }
}

const dedupeKey = "dedupe";

/** The deduplication set that the last clean stop left behind, for the opening of the log. */
export function storedDedupe(checkpoint: Checkpoint): DedupeSnapshot | undefined {
  for (const [, value] of checkpoint.shared(dedupeKey)) {
    const reader = new ByteReader(value);
    return { seq: reader.int53(), bytes: reader.blob() };
  }
  return undefined;
}

function encodeDedupe({ seq, bytes }: DedupeSnapshot): Uint8Array {
  const writer = new ByteWriter(bytes.length + 24);
  writer.int53(seq);
  writer.blob(bytes);
  return writer.finish();
}
