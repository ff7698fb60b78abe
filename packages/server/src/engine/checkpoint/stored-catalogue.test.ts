import { expect, test } from "vitest";
import { Prng } from "../../base/prng.ts";
import { utf8Decode, utf8Encode } from "../../base/text.ts";
import { Catalogue, type CatalogueChange, type CatalogueItem } from "../../core/rank/catalogue.ts";
import { RamDisk } from "../../log/disk.ts";
import { openMemoryLog } from "../../log/memory.ts";
import { Engine } from "../engine.ts";
import type { Declared } from "../declaration.ts";
import { engineRecord } from "../payload.ts";
import { MemoryCheckpoint } from "./memory.ts";
import { pieceOf, StoredCatalogue, takePiece } from "./stored-catalogue.ts";

const seed = Number(process.env["ATTUNE_SEED"] ?? 1) % 2 ** 31;

type Stored = Map<string, Uint8Array>;

/** What a transaction does with the values that were made. */
function store(stored: Stored, values: readonly (readonly [string, Uint8Array | null])[]): void {
  for (const [key, value] of values) {
    if (value === null) stored.delete(key);
    else stored.set(key, value);
  }
}

function restored(stored: Stored): { items: Map<string, CatalogueItem>; reader: StoredCatalogue } {
  const items = new Map<string, CatalogueItem>();
  const reader = new StoredCatalogue(1);
  for (const key of [...stored.keys()].sort()) {
    takePiece(items, stored.get(key)!);
    reader.found(pieceOf(key)!.number);
  }
  return { items, reader };
}

/** Of some 250 characters, so that a thousand are a piece. */
const item = (id: number, n: number) => ({
  id: `i${id}`,
  attributes: { n, text: "x".repeat(220) },
});

const byId = (catalogue: Catalogue) => new Map(catalogue.items.map((one) => [one.id, one]));

test("what is stored is the catalogue of its turn, through crashes and whatever changes meanwhile, and is written again when much is stale", () => {
  const prng = new Prng(seed);
  const stored: Stored = new Map();
  let written = new StoredCatalogue(1);
  let catalogue = Catalogue.empty;
  let entries = 0;
  let [rewrites, steps, crashes] = [0, 0, 0];
  /** Behind what is stored: the tail that a start replays. */
  let tail: [change: CatalogueChange, at: number][] = [];
  const take = ([one, at]: [CatalogueChange, number]): void => {
    catalogue = catalogue.changed(one, at);
    written.changed(one, catalogue);
    tail.push([one, at]);
  };
  const change = (most: number): void => {
    const put = Array.from({ length: prng.below(most) }, () =>
      item(prng.below(4_000), prng.below(9)),
    );
    const remove = Array.from({ length: prng.below(20) }, () => `i${prng.below(4_000)}`);
    take([{ put, remove }, prng.below(1_000)]);
  };
  for (let round = 0; round < 40; round++) {
    change(3_000);
    const [before, whole] = [tail, byId(catalogue)];
    tail = [];
    const writing = written.write(catalogue);
    let step = writing.next();
    for (; step.done !== true; step = writing.next()) {
      steps += 1;
      change(40);
    }
    for (const [, value] of step.value) expect(value?.length ?? 0).toBeLessThan(270_000);
    const isLost = prng.chance(0.2);
    if (isLost) tail = [...before, ...tail];
    else {
      if (step.value.some(([, value]) => value === null)) rewrites += 1;
      store(stored, step.value);
      entries = written.entries;
      expect(restored(stored).items).toEqual(whole);
    }
    // Nothing of a transaction that failed is there, and the process that made it neither.
    if (!isLost && !prng.chance(0.2)) continue;
    crashes += 1;
    const live = byId(catalogue);
    const { items, reader } = restored(stored);
    reader.foundAll(entries);
    [catalogue, written] = [Catalogue.of(1, items), reader];
    for (const one of tail.splice(0)) take(one);
    expect(byId(catalogue)).toEqual(live);
  }
  expect(rewrites).toBeGreaterThan(0);
  expect(crashes).toBeGreaterThan(1);
  expect(steps).toBeGreaterThan(20);
});

test("a checkpoint of an older day, with the items in one text, is read and then written in pieces", async () => {
  const disk = new RamDisk();
  const checkpoint = new MemoryCheckpoint();
  const now = () => 5;
  const open = async () => {
    const log = await openMemoryLog({ partitions: 2, now, disk });
    return Engine.open({ log, checkpoint, now });
  };
  const first = await open();
  const put = async (engine: Engine, id: string) => {
    const { attributes } = item(1, 1);
    const change = { put: [{ id, attributes }], remove: [] };
    await engine.append([engineRecord("catalogue", change, { tenant: 1, at: 5, id })]);
    await engine.settled();
  };
  await put(first, "a");
  await put(first, "b");
  await first.close();
  const { shared } = checkpoint.contents;
  const text = JSON.parse(utf8Decode(shared.get("tenant/1")!)) as object;
  const { catalogue } = first.tenant(1);
  for (const key of shared.keys()) if (pieceOf(key) !== undefined) shared.delete(key);
  shared.set("tenant/1", utf8Encode(JSON.stringify({ ...text, catalogue })));

  const second = await open();
  expect(second.tenant(1).catalogue.toJSON()).toEqual(catalogue.toJSON());
  await put(second, "c");
  await second.close();
  const third = await open();
  expect(third.tenant(1).catalogue.toJSON()).toEqual(second.tenant(1).catalogue.toJSON());
  expect([...third.tenant(1).catalogue.walk()].map(({ id }) => id).sort()).toEqual(["a", "b", "c"]);
  const stored = JSON.parse(utf8Decode(shared.get("tenant/1")!)) as Declared;
  expect(stored.catalogue).toEqual({ version: 3, entries: 3 });
  await third.close();
});
