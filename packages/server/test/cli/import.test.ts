/** An import that is stopped goes on where it was, in both orders of reading. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { afterEach, expect, test } from "vitest";
import { type ImportJob, inFileOrder, runImport } from "../../src/cli/import/run.ts";
import { ImportStates } from "../../src/cli/import/state.ts";
import type { Line, Place } from "../../src/cli/import/lines.ts";
import { Progress } from "../../src/cli/import/progress.ts";
import { loadWhole, sortedLines } from "../../src/cli/import/sorted-lines.ts";
import { readConfig } from "../../src/config.ts";
import { csv } from "../../src/ingest/dialect/csv.ts";
import { open } from "../../src/main.ts";
import { writeDoor } from "../../src/write-door.ts";
import { limits } from "../door.ts";

let folder = "";
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const map = { user: "user", item: "item", type: { is: "view" }, time: "time" };
const dialect = csv(limits, map);
const lineBytesMax = 1_000_000;

/** Times run backwards; every fifth item goes over the end of its line. */
function file(rows: number): string {
  const lines = ["user,item,time"];
  for (let i = 0; i < rows; i++) {
    lines.push(`u${i % 7},${i % 5 === 0 ? `"two\nlines ${i}"` : `i${i}`},${1_600_000_000 - i}`);
  }
  return lines.join("\n");
}

async function* until(lines: AsyncIterable<Line[]>, seen: (line: Line) => void) {
  for await (const some of lines) {
    for (const line of some) {
      seen(line);
      yield [line];
    }
  }
}

test.each(["file", "time"])("in the order of the %s", async (order) => {
  folder = mkdtempSync(join(tmpdir(), "attune-import-"));
  const path = join(folder, "rows.csv.gz");
  writeFileSync(path, gzipSync(file(100)));
  const whole = (await loadWhole(path, 1_000_000))!;
  expect(await loadWhole(path, whole.length - 1)).toBeUndefined();
  const attune = await open({ ...readConfig({}), data: join(folder, "data") });
  const tenant = attune.tenants[0]!;
  const bases = { analytics: "contract", personalization: "contract" } as const;
  await attune.engine.setPolicy(tenant.number, { bases });
  const run = async (from: Place, linesMax: number) => {
    let lines = 0;
    const read =
      order === "time"
        ? sortedLines(path, whole, dialect, from, lineBytesMax)
        : inFileOrder(path, dialect, from, lineBytesMax);
    const job: ImportJob = {
      attune,
      door: writeDoor(attune, tenant, "import", "archive"),
      dialect,
      path,
      lines: until(read, () => (lines += 1)),
      digest: "d",
      from,
      isSorted: order === "time",
      states: new ImportStates(join(folder, "states"), "d", order),
      progress: new Progress(0, 0),
      batchEvents: 8,
      batchesInFlightMax: 3,
      lineBytesMax,
      isStopped: () => lines >= linesMax,
    };
    return runImport(job);
  };
  try {
    let place: Place = { line: 0, byte: 0 };
    const records: number[] = [];
    for (const linesMax of [30, 37, 10_000]) {
      const { counts, end } = await run(place, linesMax);
      expect(counts).toMatchObject({ duplicate: 0, drop: 0, warning: 0 });
      records.push(counts.records);
      place = end;
    }
    expect(records.every((count) => count > 0)).toBe(true);
    expect(records.reduce((sum, count) => sum + count, 0)).toBe(100);
    const { counts } = await run({ line: 0, byte: 0 }, 10_000);
    expect(counts).toMatchObject({ records: 0, duplicate: 100 });
  } finally {
    await attune.close();
  }
});
