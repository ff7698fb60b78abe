/**
 * The law of the live lists, over the real engine: 10,000 random updates of four lists of one person. After
 * each, what the client made of the diffs is what a newcomer is given, its entries are those of a fresh answer
 * to the last digit, and nothing that the person sees has moved.
 */
import { isDeepStrictEqual } from "node:util";
import type { InteractionEvent, LiveDiff, LiveItem, LiveList } from "@attune/protocol";
import { expect, test } from "vitest";
import { Prng } from "../../src/base/prng.ts";
import { utf8Encode } from "../../src/base/text.ts";
import { foldLimits } from "../../src/core/fold/state.ts";
import { builtInDefinitions } from "../../src/core/rank/placement.ts";
import { HubMemory } from "../../src/deliver/hub-memory.ts";
import { deliverLimits } from "../../src/deliver/limits.ts";
import { LiveQueries, type LiveQuery } from "../../src/deliver/live.ts";
import { applied } from "../../src/deliver/live-list.ts";
import { engineRecord, hashOf } from "../../src/engine/payload.ts";
import { headerOf, isLong } from "./generate.ts";
import { type Machine, openMachine, tenant } from "./population.ts";

const updates = 10_000;
const limit = 8;
const seen = 4;
const placements = ["up-next", "discover-weekly", "trending", "because-you"];
const strengths = { play: 1, complete: 2, like: 4, skip: -2, dislike: -4 } as const;
const types = ["play", "play", "play", "complete", "like", "like", "skip", "dislike"] as const;
const people = Array.from({ length: 9 }, (_, i) => hashOf(`person ${i}`));
const me = people[0]!;
const items = Array.from({ length: 300 }, (_, i) => `t${i}`);
/** So many items are played at a time; with the acts the window moves on, or soon nothing would be new to anybody. */
const windowSize = 60;
const actsPerItem = 15;

interface Counts {
  updates: number;
  pushes: number;
  /** Items on screen that stood elsewhere after a push, though they may still be shown. */
  moves: number;
  /** Lists of the client that were not those of a newcomer, or held an entry no fresh answer has. */
  differences: number;
  /** Entries on the screen that chance put into the list. */
  explored: number;
}

interface Faults {
  /** Every so many diffs one is lost. */
  loseEvery?: number;
  /** The server is not told what is on the screen. */
  isScreenUntold?: boolean;
}

class Client {
  list: LiveList;
  screen: string[] = [];
  readonly query: LiveQuery;

  constructor(query: LiveQuery) {
    this.query = query;
    this.list = query.list;
  }
}

class Run {
  readonly #prng = new Prng(17);
  readonly #machine: Machine;
  readonly #faults: Faults;
  readonly #holder = {};
  readonly #hub: HubMemory;
  readonly #live: LiveQueries;
  readonly #clients: Client[] = [];
  readonly counts: Counts = { updates: 0, pushes: 0, moves: 0, differences: 0, explored: 0 };
  #now = Date.UTC(2026, 4, 4);
  #number = 0;

  constructor(machine: Machine, faults: Faults) {
    this.#machine = machine;
    this.#faults = faults;
    const now = (): number => this.#now;
    this.#hub = new HubMemory({ ...deliverLimits, now, newEpoch: () => "epoch" });
    this.#live = new LiveQueries({
      engine: machine.engine,
      hub: this.#hub,
      limits: { ...deliverLimits, liveRefreshBudgetMs: Infinity },
      now,
      elapsed: () => 0,
      takedownsOf: () => machine.engine.tenant(tenant).definitions.takedowns,
      hasBorder: () => false,
      itemOf: (_tenant, item) => machine.engine.tenant(tenant).catalogue.get(item)?.attributes,
      onFailed: (error) => {
        throw error;
      },
    });
  }

  async open(): Promise<void> {
    await this.#put(items);
    for (let i = 0; i < 300; i++) await this.#act(this.#prng.pick(people));
    await this.#explore();
    for (const placement of placements) {
      const ask = { tenant, subject: me, placement, limit, context: {} };
      const client = new Client(await this.#live.open(ask, this.#holder, []));
      this.#clients.push(client);
      this.#hub.subscribe(client.query.channel, {
        onPublication: ({ data }) => this.#take(client, JSON.parse(data) as LiveDiff),
        onInvalidated: () => expect.fail("a list ended"),
      });
      this.#look(client);
    }
  }

  /** Chance decides half of `up-next`: somebody says that long lists were seen, and takes nothing of them. */
  async #explore(): Promise<void> {
    const builtIn = builtInDefinitions.placements["up-next"]!;
    const exploration = { everySlots: 2, firstSlot: 1, arms: 8, uniformPermille: 300 };
    const document = { kind: "placement", ...builtIn, exploration } as const;
    const [subject, at] = [people[1]!, this.#now];
    await this.#append(engineRecord("definition", document, { tenant, at, id: "chance" }));
    const request = { placement: "up-next", limit: 50, now: at, context: {} };
    for (let i = 0; i < 10; i++) {
      const preview = this.#machine.engine.preview(tenant, subject, request);
      const decisionId = preview.decide();
      await this.#machine.engine.settled();
      const slots = preview.items.map((_item, slot) => slot);
      const header = headerOf({ kind: "event", subject, at, receivedAt: at }, ++this.#number);
      const event = { type: "seen", strength: 0, decisionId, slots };
      await this.#append({ ...header, payload: utf8Encode(JSON.stringify(event)) });
    }
  }

  async step(): Promise<void> {
    const before = this.#live.refreshes;
    this.#now += this.#prng.between(1_000, 900_000);
    if (this.#prng.chance(0.1)) this.#look(this.#prng.pick(this.#clients));
    if (this.#prng.chance(0.05)) await this.#change();
    else await this.#act(this.#prng.chance(0.5) ? me : this.#prng.pick(people));
    this.#live.turn();
    this.counts.updates += this.#live.refreshes - before;
    for (const { list, query } of this.#clients) {
      if (!isDeepStrictEqual(list, query.list)) this.counts.differences++;
    }
  }

  /** The person looks at some part of the list. */
  #look(client: Client): void {
    const from = this.#prng.between(0, limit - seen);
    const looked = client.list.items.slice(from, from + seen);
    client.screen = looked.map(({ id }) => id);
    const isExplored = ({ reasons }: LiveItem) => reasons.some((one) => one.source === "explored");
    this.counts.explored += looked.filter(isExplored).length;
    const told = this.#faults.isScreenUntold === true ? [] : client.screen;
    this.#live.setOnScreen(client.query, this.#holder, told);
  }

  #take(client: Client, diff: LiveDiff): void {
    this.counts.pushes++;
    const { loseEvery } = this.#faults;
    if (loseEvery !== undefined && this.counts.pushes % loseEvery === 0) return;
    const before = client.list;
    try {
      client.list = applied(before, diff);
    } catch {
      this.counts.differences++;
      return;
    }
    const fresh = [limit, 200].map((count) => this.#fresh(client, count));
    this.counts.moves += movesOf(before, client, fresh[1]!);
    const isFresh = fresh.some((answer) =>
      client.list.items.every(({ id, score, reasons }) =>
        isDeepStrictEqual(answer.get(id), { score, reasons }),
      ),
    );
    if (!isFresh) this.counts.differences++;
  }

  #fresh({ query, screen }: Client, count: number): Map<string, object> {
    const { placement } = query.ask;
    const list = { size: limit, sequence: query.sequence };
    const now = this.#now;
    const request = { placement, limit: count, now, context: {}, onScreen: screen, list };
    const { items: ranked } = this.#machine.engine.preview(tenant, me, request);
    return new Map(ranked.map(({ item, score, reasons }) => [item, { score, reasons }]));
  }

  async #act(subject: string): Promise<void> {
    const type = this.#prng.pick(types);
    const event: InteractionEvent = {
      type,
      item: this.#prng.pick(this.#window()),
      strength: strengths[type],
    };
    const at = this.#now;
    const header = headerOf({ kind: "event", subject, at, receivedAt: at }, ++this.#number);
    await this.#append({ ...header, payload: utf8Encode(JSON.stringify(event)) });
  }

  #window(): string[] {
    const from = Math.floor(this.#number / actsPerItem) % (items.length - windowSize);
    return items.slice(from, from + windowSize);
  }

  /** An item leaves the catalogue or comes back, or an hour ends. */
  async #change(): Promise<void> {
    if (this.#prng.chance(0.5)) return this.#put([this.#prng.pick(this.#window())]);
    if (this.#prng.chance(0.5)) {
      const hour = Math.floor(this.#now / 3_600_000);
      const at = hour * 3_600_000;
      return this.#append(engineRecord("clock", { hour }, { tenant: 0, at, id: String(hour) }));
    }
    const change = { remove: [this.#prng.pick(this.#window())] };
    await this.#append(
      engineRecord("catalogue", change, { tenant, at: this.#now, id: `c${++this.#number}` }),
    );
  }

  async #put(ids: readonly string[]): Promise<void> {
    const put = ids.map((id) => ({ id, attributes: { genre: `g${id.length}${id.at(-1)}` } }));
    await this.#append(
      engineRecord("catalogue", { put }, { tenant, at: this.#now, id: `c${++this.#number}` }),
    );
  }

  async #append(record: Parameters<Machine["engine"]["append"]>[0][number]): Promise<void> {
    await this.#machine.engine.append([record]);
    await this.#machine.engine.settled();
  }
}

function movesOf(before: LiveList, { list, screen }: Client, fresh: Map<string, object>): number {
  return before.items.filter(
    ({ id }, slot) =>
      screen.includes(id) &&
      fresh.has(id) &&
      slot < list.items.length &&
      list.items[slot]!.id !== id,
  ).length;
}

/** ATTUNE_LONG=1 counts only updates that made another list. */
async function run(wanted: number, faults: Faults = {}): Promise<Counts> {
  const { counts, ...made } = await opened(faults);
  while ((isLong ? counts.pushes : counts.updates) < wanted) await made.step();
  return counts;
}

async function opened(faults: Faults) {
  const made = new Run(await openMachine(foldLimits), faults);
  await made.open();
  return { counts: made.counts, step: () => made.step() };
}

test(`${updates.toLocaleString("en")} updates: diffs applied are the fresh answer, and what is on screen moves 0 times`, async () => {
  const counts = await run(updates);
  expect(counts).toMatchObject({ moves: 0, differences: 0 });
  expect(counts.updates).toBeGreaterThanOrEqual(updates);
  // Lists that hardly change would prove little.
  expect(counts.pushes).toBeGreaterThan(updates / 10);
  // Chance had its say, and what it put on the screen stayed there.
  expect(counts.explored).toBeGreaterThan(20);
  console.log(
    `live: ${counts.updates} updates, ${counts.pushes} of them other lists; ` +
      `${counts.explored} times something explored came on the screen`,
  );
}, 300_000);

test("a lost diff is told, and a screen that the server does not know of moves: the controls", async () => {
  expect((await run(400, { loseEvery: 20 })).differences).toBeGreaterThan(0);
  expect((await run(400, { isScreenUntold: true })).moves).toBeGreaterThan(0);
}, 60_000);
