/**
 * The demo: a month of a shop's clicks is the past, its last day comes in live. For some shoppers it shows how
 * the list moves with each click and why, then forgets them and shows that nothing of them is left.
 */
import { createHash } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import type { RecommendedItem } from "@attune/protocol";
import { slices } from "../config.ts";
import { foldLimits } from "../core/fold/state.ts";
import { verify } from "../engine/verify.ts";
import { acceptAll, type Door } from "../ingest/accept.ts";
import { sessionRec } from "../ingest/dialect/session-rec.ts";
import { subjectOf } from "../ingest/subject.ts";
import { type Attune, open, paths } from "../main.ts";
import { tenantOf } from "../tenants.ts";
import { writeDoor } from "../write-door.ts";
import { type Command, exitCodes, type Given, helpOf, readOptions } from "./command.ts";
import { asFile, chosen, type Click, lastDay, pastClicks, type Shopper } from "./demo/data.ts";
import { micros, rowsShown, Screen } from "./demo/screen.ts";
import { inFileOrder, runImport } from "./import/run.ts";
import { digestOf, ImportStates } from "./import/state.ts";
import { Progress } from "./import/progress.ts";
import { duration, grouped, printJson, shown } from "./terminal.ts";
import { hourMs } from "./times.ts";

const options = {
  shoppers: { value: "COUNT", help: "how many to watch (default 5; with --fast 2)" },
  speed: { value: "PERCENT", help: "200 is twice as fast; without a terminal there are no pauses" },
  fast: { help: "a short past and no pauses: a few seconds in all" },
  keep: { help: "keep the data directory and print where it is" },
} as const;

export const command: Command = {
  name: "demo",
  summary: "watch it learn, and forget, live on a month of a shop's clicks",
  help: helpOf(
    "demo [options]",
    `Replays a month of a shop (113,601 clicks, June 2020, bolcom/serenade) through the real engine and its
log on disk, in a temporary directory. It takes about a minute. NO_COLOR is respected.`,
    options,
  ),
  async run(argv) {
    const given = readOptions("demo", options, argv, 0);
    const directory = mkdtempSync(join(tmpdir(), "attune-demo-"));
    const isKept = given.flag("keep");
    // Also when it is interrupted: `exit` runs after every way out that can be caught.
    process.once("exit", () => {
      if (!isKept) rmSync(directory, { recursive: true, force: true });
    });
    const end = (): never => process.exit(exitCodes.interrupted);
    process.once("SIGINT", end).once("SIGTERM", end).once("SIGHUP", end);
    const attune = await open({ ...given.config, data: directory });
    try {
      const isEqual = await new Demo(given, attune).run();
      if (isKept) process.stdout.write(`\nThe data directory: --data ${directory}\n`);
      return isEqual ? exitCodes.done : exitCodes.difference;
    } finally {
      await attune.close();
    }
  },
};

const placement = "up-next";
const fastClicksMax = 20_000;
const clickPauseMs = 1_300;
const endPauseMs = 2_200;

class Demo {
  readonly #given: Given;
  readonly #attune: Attune;
  readonly #screen: Screen;
  readonly #door: Door;
  readonly #isFast: boolean;
  readonly #pace: number;
  readonly #answersUs: number[] = [];
  readonly #durablesUs: number[] = [];
  #clicks = 0;
  #hits = 0;
  #forgotten = 0;
  #areAllEqual = true;

  constructor(given: Given, attune: Attune) {
    this.#given = given;
    this.#attune = attune;
    this.#isFast = given.flag("fast");
    this.#screen = new Screen(given.isJson);
    const speed = given.integer("speed", 100, 1, 100_000);
    const isPaced = this.#screen.isTerminal || given.text("speed") !== undefined;
    this.#pace = this.#isFast || !isPaced ? 0 : 100 / speed;
    this.#door = writeDoor(attune, tenantOf(attune.tenants, given.tenant), "demo", "archive");
  }

  async run(): Promise<boolean> {
    const started = performance.now();
    await this.#learnPast();
    const shoppers = lastDay();
    const count = this.#given.integer("shoppers", this.#isFast ? 2 : 5, 1, 100);
    const watched = chosen(shoppers, count);
    let others: Shopper[] = [];
    for (const shopper of shoppers) {
      if (!watched.has(shopper)) {
        others.push(shopper);
        continue;
      }
      await this.#crowd(others, shopper.clicks[0]!.at);
      others = [];
      await this.#watch(shopper, watched.size);
    }
    return this.#close(started);
  }

  async #learnPast(): Promise<void> {
    const { engine } = this.#attune;
    const screen = this.#screen;
    screen.title("Attune learns a month of a shop, click by click");
    const basis = "legitimate-interest";
    await engine.setPolicy(this.#door.tenant, {
      bases: { analytics: basis, personalization: basis },
    });
    screen.say(`Declared and logged for this demo: ${basis}, for analytics and personalization.`);
    const clicks = pastClicks(this.#isFast ? fastClicksMax : Number.MAX_SAFE_INTEGER);
    const path = join(this.#attune.config.data, "past.tsv");
    const text = asFile(clicks);
    writeFileSync(path, text);
    const { ingest, import: pace } = slices(this.#attune.config);
    const dialect = sessionRec(ingest);
    const from = { line: 0, byte: 0 };
    const progress = new Progress(text.length, 0);
    const started = performance.now();
    const digest = await digestOf(path);
    const { counts } = await runImport({
      attune: this.#attune,
      door: this.#door,
      dialect,
      path,
      lines: inFileOrder(path, dialect, from, ingest.batchBytesMax),
      isSorted: false,
      digest,
      from,
      states: new ImportStates(paths(this.#attune.config.data).imports, digest, "demo"),
      progress,
      batchEvents: pace.importBatchEvents,
      batchesInFlightMax: pace.importBatchesInFlightMax,
      lineBytesMax: ingest.batchBytesMax,
      isStopped: () => false,
    });
    progress.end();
    const tookMs = performance.now() - started;
    const { models } = engine.tenant(this.#door.tenant);
    const rate = grouped((counts.events * 1_000) / tookMs);
    screen.say(
      `${grouped(counts.records)} clicks on ${grouped(models.items.size)} items, each fsynced and folded, ` +
        `in ${duration(tookMs)} (${rate}/s).`,
    );
  }

  /** Everybody else, so that the sums move between one watched shopper and the next. */
  async #crowd(others: readonly Shopper[], until: number): Promise<void> {
    const clicks = others.flatMap((shopper) => shopper.clicks);
    if (clicks.length > 0) await this.#append(clicks);
    await this.#attune.engine.advanceClock(Math.floor(until / hourMs));
    await this.#attune.engine.settled();
    if (clicks.length === 0) return;
    this.#screen.say(
      `\nMeanwhile ${grouped(others.length)} others made ${grouped(clicks.length)} clicks.`,
    );
  }

  async #watch(shopper: Shopper, shoppers: number): Promise<void> {
    const { engine } = this.#attune;
    const subject = subjectOf(this.#door.key, "anonymous", shopper.session);
    const came = this.#digest();
    this.#screen.title(`A shopper comes in: ${shown(shopper.session)}`);
    let before = await this.#ask(subject, shopper.clicks[0]!.at);
    for (const [i, click] of shopper.clicks.entries()) {
      const started = performance.now();
      const position = await this.#append([click]);
      const durable = performance.now();
      const now = await this.#ask(subject, click.at, position);
      const answered = performance.now();
      const [durableUs, answerUs] = [(durable - started) * 1_000, (answered - durable) * 1_000];
      this.#durablesUs.push(durableUs);
      this.#answersUs.push(answerUs);
      this.#clicks += 1;
      if (before.some(({ item }) => item === click.item)) this.#hits += 1;
      this.#screen.turn({
        shopper: this.#forgotten + 1,
        shoppers,
        at: click.at,
        click: { item: click.item, number: i + 1, count: shopper.clicks.length },
        before,
        now,
        durableUs,
        answerUs,
      });
      before = now;
      await this.#pause(clickPauseMs);
    }
    await engine.settled();
    await this.#forget(subject, shopper, came);
  }

  async #forget(subject: string, shopper: Shopper, came: string): Promise<void> {
    const withThem = this.#digest();
    const last = shopper.clicks.at(-1)!.at;
    const started = performance.now();
    const { erasures } = await this.#attune.forget(this.#door.tenant, subject, last);
    const tookMs = performance.now() - started;
    await this.#attune.engine.checkpoint();
    const goneMs = performance.now() - started;
    const cells = erasures.reduce((sum, erasure) => sum + erasure.cells, 0);
    const after = this.#digest();
    this.#forgotten += 1;
    if (came !== after) this.#areAllEqual = false;
    this.#screen.say(
      `\n"Forget me." ${cells} cells subtracted, durable in ${duration(tookMs)}, ` +
        `out of the log's bytes in ${duration(goneMs)}.`,
    );
    this.#screen.digests(came, withThem, after);
    await this.#pause(endPauseMs);
  }

  async #append(clicks: readonly Click[]): Promise<string | undefined> {
    const reader = sessionRec(this.#door.limits).open();
    const parsed = asFile(clicks)
      .split("\n")
      .flatMap((line) => reader.read(line));
    const accepted = acceptAll(parsed, this.#door, Date.now());
    const records = accepted.flatMap((entry) => entry.records);
    return records.length === 0 ? undefined : (await this.#attune.engine.append(records)).position;
  }

  async #ask(subject: string, at: number, after?: string): Promise<readonly RecommendedItem[]> {
    const request = { placement, limit: rowsShown, now: at };
    const answer = await this.#attune.engine.recommend(this.#door.tenant, subject, request, {
      after,
    });
    return answer.items;
  }

  /** One short name of all sums: each keeps a running digest of every cell. */
  #digest(): string {
    const digests = this.#attune.engine.tenant(this.#door.tenant).models.digests();
    return createHash("sha256").update(JSON.stringify(digests)).digest("hex").slice(0, 32);
  }

  async #pause(ms: number): Promise<void> {
    if (this.#pace > 0) await delay(ms * this.#pace);
  }

  async #close(started: number): Promise<boolean> {
    const { engine, log } = this.#attune;
    const screen = this.#screen;
    screen.title("What you saw");
    screen.say(
      `${this.#hits} of ${this.#clicks} clicks were on an item among the ${rowsShown} shown just before.`,
    );
    screen.say(
      `From a click to its new list: ${micros(median(this.#durablesUs))} to have it on the disk, ` +
        `then ${micros(median(this.#answersUs))} (medians).`,
    );
    const { isEqual, live } = await verify(log, engine, foldLimits);
    if (this.#given.isJson) {
      const [durableUs, answerUs] = [median(this.#durablesUs), median(this.#answersUs)];
      const [clicks, hits, forgotten] = [this.#clicks, this.#hits, this.#forgotten];
      const areDigestsEqual = this.#areAllEqual;
      printJson({
        clicks,
        hits,
        durableUs,
        answerUs,
        forgotten,
        areDigestsEqual,
        isReplayEqual: isEqual,
      });
    }
    screen.say(
      `Now the whole log again from nothing: ${grouped(live.users)} users and all sums are ` +
        `${isEqual ? "the same, bit for bit" : "DIFFERENT"}; the ${this.#forgotten} forgotten ones are in neither.`,
    );
    screen.say(`${duration(performance.now() - started)} in all. Next: attune import --help`);
    return isEqual && this.#areAllEqual;
  }
}

function median(numbers: readonly number[]): number {
  const sorted = [...numbers].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? 0;
}
