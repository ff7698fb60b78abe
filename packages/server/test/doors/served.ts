import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { onTestFinished } from "vitest";
import { readConfig } from "../../src/config.ts";
import { serve, type ServeOptions, type Server } from "../../src/doors.ts";

/** A real server in a fresh directory on a free port; it is stopped and removed when the test is over. */
export async function served(
  settings: Readonly<Record<string, string>> = {},
  options: ServeOptions = {},
): Promise<Server & { data: string }> {
  const data = settings["data"] ?? mkdtempSync(join(tmpdir(), "attune-served-"));
  const server = await serve(
    readConfig({}, { port: "0", logLevel: "silent", ...settings, data }),
    options,
  );
  let isOpen = true;
  const close = async (): Promise<void> => {
    if (isOpen) await server.close();
    isOpen = false;
  };
  onTestFinished(async () => {
    await close();
    rmSync(data, { recursive: true, force: true });
  });
  return { ...server, data, close };
}

export interface Reply {
  status: number;
  body: Record<string, unknown>;
}

/** Asks with a key or token; a body is sent as JSON. */
export async function ask(
  server: Server,
  key: string | undefined,
  method: string,
  path: string,
  body?: unknown,
): Promise<Reply> {
  const headers: Record<string, string> = {};
  if (key !== undefined) headers["authorization"] = `Bearer ${key}`;
  if (body !== undefined) headers["content-type"] = "application/json";
  const sent = body === undefined ? null : JSON.stringify(body);
  const response = await fetch(`${server.url}${path}`, { method, headers, body: sent });
  return { status: response.status, body: (await response.json()) as Record<string, unknown> };
}
