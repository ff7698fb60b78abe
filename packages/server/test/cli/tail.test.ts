/** `attune tail --url` across a restart of its server: every event once, in order. */
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { bareEnv, bin } from "./attune.ts";
import { readConfig } from "../../src/config.ts";
import { serve, type Server } from "../../src/doors.ts";
import { ask } from "../doors/served.ts";
import { played } from "../doors/wire.ts";

function tail(data: string, ...argv: string[]) {
  const env = bareEnv({ ATTUNE_DATA: data });
  const child = spawn(process.execPath, [bin, "tail", ...argv], { env });
  onTestFinished(() => void child.kill());
  const lines: string[] = [];
  let told = (): void => undefined;
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    lines.push(...text.split("\n").filter((line) => line !== ""));
    told();
  });
  const reach = async (count: number): Promise<string[]> => {
    while (lines.length < count) await new Promise<void>((resolve) => (told = resolve));
    return lines;
  };
  return { child, reach };
}

test("a server that goes and comes back costs no event and doubles none", async () => {
  const data = mkdtempSync(join(tmpdir(), "attune-tail-"));
  onTestFinished(() => rmSync(data, { recursive: true, force: true }));
  const config = { ...readConfig({}), data, logLevel: "silent" };
  const send = async (server: Server, ...ids: string[]) => {
    const batch = ids.map((id) => played(id, "ada", id));
    await ask(server, server.keys!.serverKey, "POST", "/v1/batch", { batch });
  };
  const first = await serve({ ...config, port: 0 });
  await send(first, "a", "b");
  const { url } = first;
  const { reach, child } = tail(
    data,
    "--url",
    url,
    "--from",
    "start",
    "--types",
    "event",
    "--json",
  );
  await reach(2);
  await first.close();
  const second = await serve({ ...config, port: Number(new URL(url).port) });
  onTestFinished(() => second.close());
  await send(second, "c", "d");
  const lines = await reach(4);
  const items = lines.map((line) => (JSON.parse(line) as { data: { item: string } }).data.item);
  expect(items).toEqual(["a", "b", "c", "d"]);
  child.kill();
  const shown = await tail(data, "--url", url, "--from", "start").reach(4);
  expect(shown.join("\n")).toMatch(/event +[0-9a-f]{8} what=play item=a/);
  expect(shown.join("\n")).not.toContain("ada");
});

test("what is refused ends it with the reason", async () => {
  const data = mkdtempSync(join(tmpdir(), "attune-tail-"));
  onTestFinished(() => rmSync(data, { recursive: true, force: true }));
  const server = await serve({ ...readConfig({}), data, logLevel: "silent", port: 0 });
  onTestFinished(() => server.close());
  const failed = async (...argv: string[]) => {
    const { child } = tail(data, ...argv);
    let said = "";
    child.stderr.setEncoding("utf8").on("data", (text: string) => (said += text));
    const code = await new Promise((resolve) => child.once("close", resolve));
    return [code, said];
  };
  const { url } = server;
  expect(await failed("--url", url, "--from", "elsewhere.3")).toEqual([
    1,
    expect.stringContaining("position_unrecoverable"),
  ]);
  expect(await failed("--url", url, "--types", "clicks")).toEqual([
    1,
    expect.stringMatching(/event/),
  ]);
  expect(await failed("--url", "here")).toEqual([2, expect.stringContaining("no address")]);
});
