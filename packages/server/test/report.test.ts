/**
 * The report on worlds whose truth is planted: what can be foreseen is found, what cannot is not claimed, nothing
 * of the future leaks, and lateness costs where it must and only there.
 */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { slices, readConfig } from "../src/config.ts";
import { readHistory } from "../src/cli/report/read.ts";
import { Prng } from "../src/base/prng.ts";
import { History, type Interaction } from "../src/eval/report/history.ts";
import { questionsOf } from "../src/eval/report/questions.ts";
import { type ReportFigures, reportOn } from "../src/eval/report/report.ts";
import { leftOut, summary } from "../src/eval/report/words.ts";

const minuteMs = 60_000;
const hourMs = 60 * minuteMs;
const start = Date.UTC(2026, 5, 1);

function historyOf(interactions: readonly Interaction[], max = 100_000): History {
  const history = new History(max);
  for (const one of interactions) history.add(one);
  history.sort();
  return history;
}

function reported(interactions: readonly Interaction[]): ReportFigures {
  return reportOn(historyOf(interactions), { baseBytes: 0, questionsMax: 400 });
}

interface World {
  sessions: number;
  /** Items of a session, one after the other. */
  items: (prng: Prng, session: number) => string[];
  gapMs?: number;
}

/** A session every `gapMs`, a click a minute, of a person who comes back some time. */
function world(seed: number, { sessions, items, gapMs = 7 * minuteMs }: World): Interaction[] {
  const prng = new Prng(seed);
  return Array.from({ length: sessions }, (_, session) => {
    const user = `u${Math.floor(session / 300)}-${session % 100}`;
    return items(prng, session).map((item, step): Interaction => ({
      user,
      item,
      type: "view",
      strength: 1,
      // No two at the same time: among equals the order of the rows would count.
      at: start + session * (gapMs + 1) + step * minuteMs,
    }));
  }).flat();
}

/** Every second item is one of a few that all themes share: only the items before them tell what comes. */
function themed(prng: Prng): string[] {
  const theme = prng.below(12);
  return Array.from({ length: 8 }, (_, step) =>
    step % 2 === 0 ? `theme${theme}-${prng.below(14)}` : `shared${prng.below(3)}`,
  );
}

describe("a planted pattern", { timeout: 60_000 }, () => {
  const interactions = world(1, { sessions: 450, items: themed });

  test("is found: beyond popularity and beyond the last item, and said so", () => {
    const report = reported(interactions);
    expect(report.gains.popular.hr.interval![0]).toBeGreaterThan(0.1);
    expect(report.gains.lastItem.hr.interval![0]).toBeGreaterThan(0.1);
    const said = summary(report).join("\n");
    expect(said).toMatch(/Attune is better than the most popular items, beyond what chance/);
    expect(said).toMatch(/Attune is better than neighbours of the last item, beyond what/);
    const { attune } = report.quality;
    expect(attune.hr.interval![0]).toBeLessThan(attune.hr.value);
    expect(attune.hr.interval![1]).toBeGreaterThan(attune.hr.value);
    const { tally, cold } = report;
    const { asked, firsts, repeats, refusals, notAsked } = tally;
    expect(asked).toBe(400);
    expect(asked + notAsked + firsts + repeats + refusals).toBe(tally.interactions);
    expect(cold.cold.attune.questions + cold.known.attune.questions).toBe(asked);
    expect(cold.share).toBeGreaterThan(0);
    expect(cold.share).toBeLessThan(1);
    // Nothing changes in this world: what an hour brings, chance explains.
    expect(report.late[0]!.sumsCost.hr.interval![0]).toBeLessThanOrEqual(0);
    // A list from an hour ago knows nothing of the session.
    expect(report.late[0]!.listCost.hr.interval![0]).toBeGreaterThan(0.1);
  });

  test("the same items dealt out anew: nothing is claimed", () => {
    const prng = new Prng(2);
    const items = interactions.map(({ item }) => item);
    for (let i = items.length - 1; i > 0; i--) {
      const j = prng.below(i + 1);
      [items[i], items[j]] = [items[j]!, items[i]!];
    }
    const report = reported(interactions.map((one, i) => ({ ...one, item: items[i]! })));
    expect(summary(report).join("\n")).not.toMatch(/Attune is better/);
  });

  test("the same run gives the same figures, whatever the order of the rows", () => {
    const { machine: _one, ...figures } = reported(interactions);
    const { machine: _other, ...turned } = reported(interactions.toReversed());
    expect(turned.quality).toEqual(figures.quality);
    expect(turned.late).toEqual(figures.late);
  });
});

test("what nobody did before cannot be foreseen: nothing of the future leaks, on time or late", () => {
  const interactions = world(3, {
    sessions: 240,
    // From the cut on every item is a new one, and each is met a second time, later.
    items: (prng, session) =>
      session < 180
        ? themed(prng)
        : Array.from({ length: 8 }, (_, step) => `new${session}-${step}`),
  });
  const again = interactions
    .filter(({ item }) => item.startsWith("new"))
    .map((one) => ({ ...one, user: `${one.user}-again`, at: one.at + 400 * hourMs }));
  const history = historyOf([...interactions, ...again]);
  const { asked } = questionsOf(history, 100_000);
  const isNew = (row: number) => history.at(row) < start + 300 * hourMs;
  const report = reportOn(historyOf(interactions), { baseBytes: 0 });
  for (const quality of [
    ...Object.values(report.quality),
    ...report.late.map(({ sums }) => sums),
  ]) {
    expect(quality.questions).toBeGreaterThan(100);
    expect(quality.hr.value).toBe(0);
  }
  // The control: with the second meeting there is something to foresee.
  expect(asked.some(({ row }) => !isNew(row))).toBe(true);
  expect(reportOn(history, { baseBytes: 0 }).quality.attune.hr.value).toBeGreaterThan(0.5);
}, 60_000);

test("where the world changes by the hour, late clicks of others cost, and a day costs more", () => {
  const report = reported(
    world(4, {
      sessions: 800,
      gapMs: 2 * minuteMs,
      // Every third of an hour another chain of items is what everybody goes along.
      items: (_, session) =>
        Array.from({ length: 5 }, (_item, step) => `hot${Math.floor(session / 10)}-${step}`),
    }),
  );
  const [hour, day] = report.late;
  expect(hour!.sumsCost.hr.interval![0]).toBeGreaterThan(0.3);
  expect(day!.sums.hr.value).toBeLessThanOrEqual(hour!.sums.hr.value);
  expect(summary(report).join("\n")).toMatch(/an hour late, .* points less often/);
}, 60_000);

test("skips are learned and not asked about, repeats of the open item neither", () => {
  const history = historyOf(
    world(5, { sessions: 60, items: themed }).flatMap((one, i) =>
      i % 4 === 0
        ? [one, { ...one, at: one.at + 1 }, { ...one, type: "skip", strength: -1, at: one.at + 2 }]
        : [one],
    ),
  );
  const { tally, asked } = questionsOf(history, 10);
  expect(tally.repeats).toBeGreaterThan(10);
  expect(tally.refusals).toBeGreaterThan(10);
  expect([tally.asked, asked.length]).toEqual([10, 10]);
  expect(tally.notAsked).toBeGreaterThan(10);
  for (const { row, last } of asked) {
    expect(history.item(row)).not.toBe(last);
    expect(history.strength(row)).toBeGreaterThan(0);
  }
});

test("the machine: peaks are counted, and what was left out is said", () => {
  const interactions = world(6, { sessions: 200, items: themed });
  // A minute of 120 clicks in its first second and 30 more in its last.
  const burstAt = start + 30 * hourMs;
  const burst = Array.from({ length: 150 }, (_, i) => ({
    ...interactions[i]!,
    user: `burst${i}`,
    at: burstAt + (i < 120 ? i : 59_000),
  }));
  const history = historyOf([...interactions, ...burst], 1_500);
  const report = reportOn(history, { baseBytes: 7 });
  const { machine } = report;
  expect(machine.peakSecondPerS).toBeGreaterThanOrEqual(120);
  expect(machine.peakMinutePerS).toBeGreaterThanOrEqual(150 / 60);
  expect(machine.peakMinuteAt).toBe(burstAt);
  expect(machine.timeStepMs).toBe(1);
  expect(machine.answersPerSOfCore).toBeCloseTo(1e6 / machine.answerCpuUs);
  expect(report.history).toMatchObject({ interactions: 1_500, leftOut: 250 });
  const notes = {
    columns: { user: "u" },
    rows: 1_750,
    refused: 0,
    refusals: [],
    without: [],
    withoutEffect: 0,
    interactionsMax: 1_500,
  };
  expect(leftOut(report, notes).join(" ")).toMatch(/250 interactions before .* were left out/);
}, 60_000);

test("rsc15-100k as a stranger would bring it", { timeout: 120_000 }, async ({ skip }) => {
  const path = join(
    import.meta.dirname,
    "../../../../shared/data/rsc15-100k/yoochoose-clicks-100k_train_tr.txt",
  );
  if (!existsSync(path))
    skip("../shared/data/rsc15-100k is not here: it may be read, not vendored");
  const { history, reading } = await readHistory({
    path,
    file: "clicks",
    columns: {},
    limits: slices(readConfig({})).ingest,
    interactionsMax: 30_000,
    is: undefined,
    onProgress: () => undefined,
  });
  expect(reading).toMatchObject({ refused: 0, columns: { session: "SessionId", item: "ItemId" } });
  const report = reportOn(history, { baseBytes: 0, questionsMax: 600 });
  expect(report.history).toMatchObject({ interactions: 30_000, leftOut: reading.rows - 30_000 });
  expect(report.quality.attune.hr.value).toBeGreaterThan(0.5);
  expect(report.gains.popular.hr.interval![0]).toBeGreaterThan(0.3);
  expect(report.cold.share).toBe(1);
});
