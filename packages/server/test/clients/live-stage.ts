/**
 * The live channel around a real engine in a temporary directory, on a real port: people act through the write
 * door's own acceptance, devices connect with whatever client a test brings.
 */
import { mkdtempSync, rmSync } from "node:fs";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import Fastify, { type FastifyInstance, type FastifyServerOptions } from "fastify";
import type { LiveDiff, LiveList, Purpose } from "@attune/protocol";
import { UserTokens } from "../../src/access/user-tokens.ts";
import { readConfig } from "../../src/config.ts";
import { deliverDoor, type DeliverFigures, type DeliverParts } from "../../src/deliver/door.ts";
import { applied } from "../../src/deliver/live-list.ts";
import { acceptAll } from "../../src/ingest/accept.ts";
import type { Call, Incoming } from "../../src/ingest/dialect/dialect.ts";
import { subjectOf } from "../../src/ingest/subject.ts";
import { type Attune, open } from "../../src/main.ts";
import { writeDoor } from "../../src/write-door.ts";

export const placement = "for-you";

export interface LiveStage {
  attune: Attune;
  app: FastifyInstance;
  /** Without the scheme. */
  host: string;
  figures(): DeliverFigures;
  /** One event of a person, durable and folded when it resolves. */
  act(userId: string, verb: string, item?: string): Promise<void>;
  consent(userId: string, choice: "granted" | "withdrawn"): Promise<void>;
  forget(userId: string): Promise<void>;
  token(userId: string, ttlS?: number): Promise<string>;
  /** What a person who asked now would be shown, in order. */
  fresh(userId: string, limit: number): string[];
  /** Moves the clock of tokens, events and streams. */
  wait(ms: number): void;
  close(): Promise<void>;
}

export async function openLiveStage(
  change: Partial<DeliverParts> = {},
  http: FastifyServerOptions = {},
): Promise<LiveStage> {
  const directory = mkdtempSync(join(tmpdir(), "attune-live-"));
  let skew = 0;
  const now = (): number => Date.now() + skew;
  const attune = await open(readConfig({}, { data: directory }), now);
  const { engine } = attune;
  const tenant = attune.tenants[0]!;
  const bases = { analytics: "contract", personalization: "contract" } as const;
  await engine.setPolicy(tenant.number, { bases });
  const tokens = await UserTokens.open(join(directory, "token-keys.json"), now);
  const door = writeDoor(attune, tenant, "test", "live");
  let messages = 0;

  async function take(call: Call, name: string, fields: Partial<Incoming>): Promise<void> {
    const messageId = `m${++messages}`;
    const empty = { properties: {}, traits: {}, context: {} };
    const event: Incoming = { call, name, messageId, ...empty, ...fields };
    const accepted = acceptAll([{ event }], door, now());
    const records = accepted.flatMap((entry) => entry.records);
    if (records.length === 0) throw new Error(JSON.stringify(accepted[0]?.verdict));
    await engine.append(records);
    await engine.settled();
  }

  const act = (userId: string, verb: string, item?: string): Promise<void> =>
    take("track", verb, { userId, properties: item === undefined ? {} : { itemId: item } });
  const subject = (userId: string): string => subjectOf(tenant.key, "user", userId);
  const app = Fastify({ forceCloseConnections: true, ...http });
  const parts: DeliverParts = {
    engine,
    verify: (token) => tokens.verify(token),
    subjectOf: (_tenant, userId) => subject(userId),
    itemOf: () => undefined,
    hasBorder: () => false,
    takedownsOf: (number) => engine.tenant(number).definitions.takedowns,
    publicId: (_tenant, id) => `x${id}`,
    track: async ({ userId }, batch) => {
      const { events } = batch as { events: { event: string; itemId: string }[] };
      for (const { event, itemId } of events) await act(userId, event, itemId);
      return { accepted: events.length };
    },
    now,
    version: "test",
    random: () => 0,
    onFault: (error) => {
      throw error;
    },
    ...change,
    limits: { drainMs: 0, ...change.limits },
  };
  const { figures } = deliverDoor(app, parts);
  await app.listen({ host: "127.0.0.1", port: 0 });
  const { port } = app.server.address() as AddressInfo;

  return {
    attune,
    app,
    host: `127.0.0.1:${port}`,
    figures,
    act,
    consent: (userId, choice) =>
      take("consent", "", {
        userId,
        consent: { purpose: "personalization" as Purpose, choice },
      }),
    forget: async (userId) => {
      await attune.forget(tenant.number, subject(userId), now());
    },
    token: (userId, ttlS = 900) => tokens.issue({ tenant: tenant.number, userId, ttlS }),
    fresh: (userId, limit) =>
      engine
        .preview(tenant.number, subject(userId), { placement, limit, now: now(), context: {} })
        .items.map(({ item }) => item),
    wait: (ms) => void (skew += ms),
    close: async () => {
      await app.close();
      await attune.close();
      rmSync(directory, { recursive: true, force: true });
    },
  };
}

/** A crowd with two tastes, so that what one person does tells something about what they want next. */
export async function seed(stage: LiveStage): Promise<void> {
  const tastes = [
    ["a", "b", "c", "d"],
    ["w", "x", "y", "z"],
  ];
  for (const [t, items] of tastes.entries()) {
    for (let user = 0; user < 3; user++)
      for (const [i, item] of items.entries())
        if ((i + user) % 4 !== 3) await stage.act(`crowd-${t}-${user}`, "play", item);
  }
}

/** What a client does with what it is sent; fails on a hole. */
export class Replica {
  list: LiveList | undefined;
  pushes = 0;

  take(data: unknown): void {
    const message = data as LiveList | LiveDiff;
    if (message.type === "recommendation.list") this.list = message;
    else {
      this.pushes += 1;
      this.list = applied(this.list!, message);
    }
  }

  get items(): string[] {
    return this.list!.items.map(({ id }) => id);
  }
}

/** A value that arrives some time: tests wait for what happens, never for the clock. */
export function waiter<T>(): { next: () => Promise<T>; put: (value: T) => void; waiting: T[] } {
  const waiting: T[] = [];
  const asked: ((value: T) => void)[] = [];
  return {
    waiting,
    put: (value) => {
      const resolve = asked.shift();
      if (resolve === undefined) waiting.push(value);
      else resolve(value);
    },
    next: () =>
      new Promise((resolve) => {
        if (waiting.length > 0) resolve(waiting.shift()!);
        else asked.push(resolve);
      }),
  };
}
