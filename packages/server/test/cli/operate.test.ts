/** What an operator does in production: a basis, keys that are shown once, a server that takes no other. */
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { bareEnv, bin } from "./attune.ts";

let data = "";

beforeAll(() => {
  data = mkdtempSync(join(tmpdir(), "attune-operate-"));
});
afterAll(() => rmSync(data, { recursive: true, force: true }));

function environment(): NodeJS.ProcessEnv {
  return bareEnv({ ATTUNE_DATA: data, ATTUNE_MODE: "production", ATTUNE_PORT: "0" });
}

function attune(...argv: string[]) {
  const options = { encoding: "utf8" as const, env: environment() };
  return spawnSync(process.execPath, [bin, ...argv], options);
}

test("a key is printed once, kept as a hash, and revoked by its id", () => {
  const made = attune("keys", "--create", "server", "--label", "shop");
  expect(made.status).toBe(0);
  const secret = made.stdout.split("\n")[0]!;
  const file = join(data, "keys.json");
  expect(readFileSync(file, "utf8")).not.toContain(secret);
  expect(statSync(file).mode & 0o777).toBe(0o600);
  const [row] = JSON.parse(attune("keys", "--json").stdout) as { id: string; label: string }[];
  expect(row!.label).toBe("shop");
  expect(attune("keys", "--revoke", row!.id).status).toBe(0);
  expect(attune("keys").stdout).toContain("revoked");
  expect(attune("keys", "--create", "server", "--scope", "tokens").status).toBe(2);
  expect(attune("keys", "--create", "master").stderr).toContain("public, server, secret");
});

test("a tenant is made, told apart, and wants signed identities unless told otherwise", () => {
  type Row = { number: number; name: string; identity: string; key?: string };
  const rows = (...argv: string[]): Row[] =>
    JSON.parse(attune("tenants", ...argv, "--json").stdout) as Row[];
  expect(rows()).toEqual([{ number: 1, name: "demo", identity: "signed" }]);
  expect(rows("--create", "shop")).toContainEqual({ number: 2, name: "shop", identity: "signed" });
  expect(attune("tenants", "--create", "shop").status).toBe(2);
  expect(attune("tenants", "--create", "Shop 2").stderr).toContain("a-z");
  expect(attune("tenants", "--identity", "maybe").status).toBe(2);
  expect(rows("--tenant", "shop", "--identity", "open")[1]).toMatchObject({ identity: "open" });
  expect(rows("--tenant", "shop", "--zone", "Europe/Vienna")[1]).toMatchObject({
    identity: "open",
    timeZone: "Europe/Vienna",
  });
  expect(attune("tenants", "--zone", "Europe/Atlantis").stderr).toContain("no time zone");
  expect(rows("--create", "late", "--zone", "Asia/Tokyo")[2]).toMatchObject({ identity: "signed" });
  const [first] = rows();
  expect(first).toEqual({ number: 1, name: "demo", identity: "signed" });
  const secret = attune("keys", "--tenant", "shop", "--create", "secret").stdout;
  expect(secret).toContain("_shop_");
});

test("a basis is declared in the log, shown, and taken back", () => {
  expect(attune("policy").stdout).toContain("analytics        consent");
  const basis = ["--analytics", "contract", "--personalization", "legitimate-interest"];
  expect(attune("policy", ...basis).stdout).toContain("Declared and logged.");
  expect(attune("policy", ...basis).stdout).toContain("Nothing was changed.");
  expect(attune("policy", "--analytics", "consent", "--json").stdout).not.toContain("contract");
  expect(attune("policy", "--analytics", "hope").status).toBe(2);
  attune("policy", ...basis);
});

test("production serves with these keys, makes none by itself, and stops without a loss", async () => {
  const secret = attune("keys", "--create", "server").stdout.split("\n")[0]!;
  const child = spawn(process.execPath, [bin, "serve", "--json"], { env: environment() });
  let shown = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => (shown += text));
  while (!shown.includes("}")) await once(child.stdout, "data");
  const { url, keys } = JSON.parse(shown) as { url: string; keys: unknown };
  expect(keys).toBe(null);
  const headers = { authorization: `Bearer ${secret}` };
  const event = {
    type: "track",
    event: "Product Viewed",
    userId: "u",
    properties: { sku: "lamp" },
  };
  const body = JSON.stringify({ batch: [{ ...event, messageId: "m1" }] });
  const response = await fetch(`${url}/v1/batch`, { method: "POST", headers, body });
  expect(((await response.json()) as { accepted: number }).accepted).toBe(1);
  child.kill("SIGTERM");
  const [code] = (await once(child, "exit")) as [number];
  expect(code).toBe(0);
  const profile = JSON.parse(attune("profile", "u", "--json").stdout) as { ring: unknown[] };
  expect(profile.ring).toHaveLength(1);
  writeFileSync(join(data, "dev-keys.json"), "{}");
  expect(attune("serve").stderr).toContain("dev-keys.json");
});
