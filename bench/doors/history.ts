/**
 * What people did before the measurement, sent in over HTTP: the sessions of rsc15-100k where that data set lies
 * beside the project, sessions of the generator otherwise. Their times are moved so that the last is now.
 */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { readSessions } from "../../packages/server/src/eval/session-file.ts";
import { say, scaled } from "../figures.ts";
import { Interactions, type Load, loadOf } from "../generate.ts";
import { Random } from "../random.ts";
import { Connection, post } from "./connection.ts";
import type { Serving } from "./serving.ts";

const file = join(
  import.meta.dirname,
  "../../../shared/data/rsc15-100k/yoochoose-clicks-100k_train_full.txt",
);
const batchEvents = 500;
/** The weights are solved once a minute. */
const teachMsMax = 180_000;
/** A smaller history is a trial, in which there is nothing to learn. */
const taughtMin = 50_000;

interface Click {
  user: string;
  item: string;
  at: number;
}

export class History {
  readonly name: string;
  readonly clicks: number;
  /** Everybody who is in it. */
  readonly users: readonly string[];
  readonly #sessions: readonly string[][];
  readonly #random: Random;
  /** Sessions that go on now, one item further with each event. */
  readonly #live: { user: string; items: readonly string[]; next: number }[] = [];
  #count = 0;

  private constructor(name: string, clicks: readonly Click[], load: Load) {
    this.name = name;
    this.clicks = clicks.length;
    const sessions = new Map<string, string[]>();
    for (const { user, item } of clicks) {
      const known = sessions.get(user);
      if (known === undefined) sessions.set(user, [item]);
      else known.push(item);
    }
    this.users = [...sessions.keys()];
    this.#sessions = [...sessions.values()];
    this.#random = new Random(load.seed);
  }

  /** Sends the history to a server and waits until it is folded. */
  static async send(server: Serving, load: Load): Promise<History> {
    const { name, clicks } = read(load);
    const connection = await Connection.open(server.port);
    const later = Date.now() - 1_000 - clicks.at(-1)!.at;
    for (let from = 0; from < clicks.length; from += batchEvents) {
      const batch = clicks.slice(from, from + batchEvents).map(({ user, item, at }, i) => ({
        ...viewed(`h-${from + i}`, user, item),
        timestamp: new Date(at + later).toISOString(),
      }));
      const body = JSON.stringify({ batch });
      const reply = await connection.send(post("/v1/batch", server.keys.serverKey, body));
      if (reply.status !== 200)
        throw new Error(`history: ${reply.status} ${reply.body.toString()}`);
    }
    const history = new History(name, clicks, load);
    await server.folded();
    say(`history: ${clicks.length} clicks of ${name} are in`);
    if (clicks.length >= taughtMin) await history.#teach(server, connection);
    connection.close();
    await server.folded();
    return history;
  }

  /** Lets people go on until the server has weights for its order: without them an answer costs less. */
  async #teach(server: Serving, connection: Connection): Promise<void> {
    const deadline = performance.now() + teachMsMax;
    while ((await server.metric("attune_ranker_tenants")) === 0) {
      if (performance.now() > deadline) throw new Error("the server's ranker learned no order");
      const body = this.batch(batchEvents);
      const reply = await connection.send(post("/v1/batch", server.keys.serverKey, body));
      if (reply.status !== 200) throw new Error(`history: ${reply.status}`);
      await pause(1_000);
    }
    say("history: the order is a learned one");
  }

  someone(): string {
    return this.users[this.#random.below(this.users.length)]!;
  }

  /** A batch of new people's events, who go the ways of old sessions. */
  batch(events: number): string {
    const now = new Date().toISOString();
    const batch = Array.from({ length: events }, () => {
      const { user, item } = this.#step();
      return { ...viewed(`l-${this.#count++}`, user, item), timestamp: now };
    });
    return JSON.stringify({ batch, sentAt: now });
  }

  #step(): { user: string; item: string } {
    const place = this.#random.below(500);
    const going = this.#live[place];
    if (going !== undefined && going.next < going.items.length)
      return { user: going.user, item: going.items[going.next++]! };
    const items = this.#sessions[this.#random.below(this.#sessions.length)]!;
    const user = `live-${this.#count}`;
    this.#live[place] = { user, items, next: 1 };
    return { user, item: items[0]! };
  }
}

function viewed(messageId: string, userId: string, itemId: string) {
  return { type: "track", event: "Product Viewed", messageId, userId, properties: { itemId } };
}

function read(load: Load): { name: string; clicks: Click[] } {
  if (!existsSync(file)) {
    say("../shared/data/rsc15-100k is not here: the history is made by the generator instead");
    return {
      name: "the generator",
      clicks: generated(loadOf(scaled(100_000, load, 500), { seed: 1 })),
    };
  }
  const clicks = readSessions(file).flatMap(({ id, items, at }) =>
    items.map((item, i) => ({ user: `session-${id}`, item, at: at[i]! })),
  );
  clicks.sort((a, b) => a.at - b.at);
  return { name: "rsc15-100k", clicks: clicks.slice(-scaled(clicks.length, load, 500)) };
}

function generated(load: Load): Click[] {
  const interactions = new Interactions(load);
  return Array.from({ length: load.interactions }, () => {
    interactions.next();
    const { user, item, at } = interactions;
    return { user: `user-${user}`, item: `item-${item}`, at };
  });
}
