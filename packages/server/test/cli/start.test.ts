/** What a start that cannot succeed says: one sentence, how to mend it, and no process that stays behind. */
import { spawn, spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, symlinkSync, mkdirSync, cpSync } from "node:fs";
import { createServer, type AddressInfo } from "node:net";
import { once } from "node:events";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { bareEnv } from "./attune.ts";

const root = join(import.meta.dirname, "../../../..");
const launcher = join(root, "packages/server/bin/node-24.js");
const starts = [
  [join(root, "packages/server/bin/attune.js"), "serve"],
  [launcher, join(root, "examples/player/start.ts")],
];

function folder(): string {
  const made = mkdtempSync(join(tmpdir(), "attune-start-"));
  onTestFinished(() => rmSync(made, { recursive: true, force: true }));
  return made;
}

/** Ends by itself, or the test's time runs out. */
async function run(argv: readonly string[], env: Record<string, string>) {
  const child = spawn(process.execPath, argv, { env: bareEnv(env) });
  onTestFinished(() => void child.kill("SIGKILL"));
  let said = "";
  child.stderr.setEncoding("utf8").on("data", (text: string) => (said += text));
  const [code] = (await once(child, "close")) as [number];
  return { code, said: said.trim() };
}

test.each(starts)(
  "%s %s: a port in use ends it with the port and another to take",
  async (...argv) => {
    const other = createServer().listen(0, "127.0.0.1");
    onTestFinished(() => void other.close());
    await once(other, "listening");
    const { port } = other.address() as AddressInfo;
    const data = folder();
    const { code, said } = await run(argv, { ATTUNE_DATA: data, ATTUNE_PORT: String(port) });
    expect(code).toBe(1);
    expect(said).toContain(
      `Port ${port} of 127.0.0.1 is in use. Choose another, such as ATTUNE_PORT=${port + 1}`,
    );
    expect(said.split("\n")).toHaveLength(1);
  },
);

test.each(starts)("%s %s: a setting nobody knows ends it with the nearest one", async (...argv) => {
  const { code, said } = await run(argv, { ATTUNE_DATA: folder(), ATTUNE_PROT: "1" });
  expect([code === 0, said.split("\n").length]).toEqual([false, 1]);
  expect(said).toContain("did you mean ATTUNE_PORT?");
});

test("whoever reads that it listens may tell it to stop at once", async () => {
  const env = bareEnv({ ATTUNE_DATA: folder(), ATTUNE_PORT: "0" });
  const child = spawn(process.execPath, [...starts[0]!, "--json"], { env });
  onTestFinished(() => void child.kill("SIGKILL"));
  let said = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => (said += text));
  while (!said.trimEnd().endsWith("}\n}")) await once(child.stdout, "data");
  child.kill("SIGTERM");
  expect(await once(child, "close")).toEqual([0, null]);
});

const old = ["/usr/bin/node", "/usr/local/bin/node"].find((path) => {
  const { stdout } = spawnSync(path, ["--version"], { encoding: "utf8" });
  return /^v(2[0-3])\./.test(stdout ?? "");
});
const why = old === undefined ? " (skipped: there is no older Node here)" : "";

test.skipIf(old === undefined)(
  `an older Node hands over to the project's, or says what is missing${why}`,
  () => {
    const found = spawnSync(old!, [starts[0]![0]!, "--help"], { encoding: "utf8" });
    expect([found.status, found.stdout]).toEqual([0, expect.stringContaining("Usage: attune")]);
    const bare = folder();
    mkdirSync(join(bare, "bin"));
    cpSync(launcher, join(bare, "bin/node-24.js"));
    symlinkSync(join(root, "package.json"), join(bare, "package.json"));
    const missing = spawnSync(old!, [join(bare, "bin/node-24.js"), "x.ts"], { encoding: "utf8" });
    expect(missing.status).toBe(1);
    expect(missing.stderr).toMatch(/this is Node 2\d\..*npm ci.*npm rebuild node/s);
  },
);
