/** The whole server on the real log and engine, in a folder of its own, on a free port, for clients to write to. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { FastifyInstance } from "fastify";
import { utf8Decode } from "../../src/base/text.ts";
import { readConfig } from "../../src/config.ts";
import { serve } from "../../src/doors.ts";
import { openTenants } from "../../src/tenants.ts";

export interface StageOptions {
  settings?: Record<string, string>;
  now?: () => number;
  identity?: "open" | "signed";
  /** Adds what a test puts between the client and the door. */
  between?: (app: FastifyInstance) => void;
}

/** An entry of `results` in an answer. */
export interface Result {
  index: number;
  result: string;
  messageId?: string;
  reason?: string;
  field?: string;
  detail?: string;
  deadLetter?: string;
}

export type Stage = Awaited<ReturnType<typeof openStage>>;

export async function openStage(options: StageOptions = {}) {
  const data = mkdtempSync(join(tmpdir(), "door-"));
  const values = { data, port: "0", partitions: "4", logLevel: "silent", ...options.settings };
  if (options.identity !== undefined) declareIdentity(join(data, "tenants.json"), options.identity);
  const server = await serve(readConfig({}, values), {
    now: options.now,
    register: (app) => options.between?.(app),
  });
  const { app, attune, url } = server;
  const made = server.keys!;
  const tenant = attune.tenants[0]!;

  /** Everything that people did, as the log has it, in its order. */
  async function stored() {
    const found = [];
    for await (const { records } of attune.log.read(0)) {
      for (const record of records) {
        if (record.kind !== "event" && record.kind !== "merge") continue;
        const payload = JSON.parse(utf8Decode(record.payload)) as Record<string, unknown>;
        found.push({ ...record, payload });
      }
    }
    return found;
  }

  function post(path: string, body: unknown, headers: Record<string, string | undefined> = {}) {
    return app.inject({
      method: "POST",
      url: path,
      headers: given({ authorization: basic(made.serverKey), ...headers }),
      payload: typeof body === "string" || Buffer.isBuffer(body) ? body : JSON.stringify(body),
    });
  }

  async function close(): Promise<void> {
    await server.close();
    rmSync(data, { recursive: true, force: true });
  }

  return { attune, app, url, tenant, made, data, stored, post, close };
}

function declareIdentity(path: string, identity: "open" | "signed"): void {
  openTenants(path);
  const file = JSON.parse(readFileSync(path, "utf8"));
  writeFileSync(path, JSON.stringify({ ...file, tenants: [{ ...file.tenants[0], identity }] }));
}

/** Without those that are not there. */
export function given(headers: Record<string, string | undefined>): Record<string, string> {
  const entries = Object.entries(headers).filter(([, value]) => value !== undefined);
  return Object.fromEntries(entries) as Record<string, string>;
}

export const basic = (key: string) => `Basic ${Buffer.from(`${key}:`).toString("base64")}`;
