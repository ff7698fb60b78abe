import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { developmentKeys, refuseDevelopmentKeys } from "./development-keys.ts";
import { isKeyText, newKeyText } from "./key-text.ts";
import { assertScope, Keys } from "./keys.ts";

let folder: string;
let now = 1_000;
const open = (mode: "development" | "production" = "development") =>
  new Keys({ path: join(folder, "keys.json"), now: () => now, mode });
const demo = { number: 1, name: "demo" };

beforeEach(() => (folder = mkdtempSync(join(tmpdir(), "keys-"))));
afterEach(() => rmSync(folder, { recursive: true, force: true }));

describe("the text of a key", () => {
  test("says what it is and whose", () => {
    expect(newKeyText("public", "demo")).toMatch(/^attune_pk_demo_[0-9A-Za-z]{33}$/);
    expect(newKeyText("server", "Näme Ltd!")).toMatch(/^attune_srv_nmeltd_/);
    expect(newKeyText("secret", "☃")).toMatch(/^attune_sk_tenant_/);
  });

  test("each digit changed by hand is refused by the checksum", () => {
    const text = newKeyText("secret", "demo");
    expect(isKeyText(text)).toBe(true);
    for (let i = text.lastIndexOf("_") + 1; i < text.length; i++) {
      const digit = text[i] === "A" ? "B" : "A";
      expect(isKeyText(text.slice(0, i) + digit + text.slice(i + 1))).toBe(false);
    }
    for (const other of ["", "x", `${text}0`, `${text}\n`, "a".repeat(1e5)]) {
      expect(isKeyText(other)).toBe(false);
    }
  });
});

describe("keys", () => {
  test("a key is found after a new start, and its text lies in no file", () => {
    const { secret, key } = open().create({ tenant: 7, tenantName: "shop", kind: "server" });
    const found = open().find(secret);
    expect(found).toEqual({
      tenant: 7,
      kind: "server",
      keyId: key.id,
      scopes: ["events", "items"],
    });
    expect(readFileSync(join(folder, "keys.json"), "utf8")).not.toContain(secret);
    expect(JSON.stringify(open().list(7))).not.toMatch(/sha256|attune_/);
    expect(statSync(join(folder, "keys.json")).mode & 0o777).toBe(0o600);
  });

  test("another key of the right form is nobody's", () => {
    expect(open().find(newKeyText("secret", "demo"))).toBeUndefined();
  });

  test("a revoked key opens nothing, and only its own tenant can revoke it", () => {
    const keys = open();
    const { secret, key } = keys.create({ tenant: 1, tenantName: "a", kind: "secret" });
    expect(() => keys.revoke(2, key.id)).toThrow(/There is no key/);
    expect(keys.find(secret)).toBeDefined();
    expect(keys.revoke(1, key.id).revokedAt).toBe(now);
    expect(keys.find(secret)).toBeUndefined();
    expect(open().find(secret)).toBeUndefined();
  });

  test("a key ends at its time, to the millisecond", () => {
    const keys = open();
    const wanted = { tenant: 1, tenantName: "a", kind: "public", expiresAt: 2_000 } as const;
    const { secret } = keys.create(wanted);
    now = 1_999;
    expect(keys.find(secret)).toBeDefined();
    now = 2_000;
    expect(keys.find(secret)).toBeUndefined();
    now = 1_000;
  });

  test("no kind is given more than its own scopes", () => {
    const wanted = { tenant: 1, tenantName: "a", kind: "public", scopes: ["users"] } as const;
    expect(() => open().create(wanted)).toThrow(/cannot have the scope users/);
    const { secret } = open().create({ ...wanted, kind: "secret" });
    const credential = open().find(secret)!;
    expect(() => assertScope(credential, "users")).not.toThrow();
    expect(() => assertScope(credential, "tokens")).toThrow(/scope tokens/);
  });

  test("a damaged file is an error that names it, never an empty list", () => {
    writeFileSync(join(folder, "keys.json"), "{");
    expect(() => open()).toThrow(/keys\.json cannot be read/);
  });
});

describe("keys for development", () => {
  const path = () => join(folder, "dev-keys.json");

  test("stay the same from start to start", () => {
    const made = developmentKeys(path(), open(), demo);
    expect(made.tenant).toBe("demo");
    expect(statSync(path()).mode & 0o777).toBe(0o600);
    expect(developmentKeys(path(), open(), demo)).toEqual(made);
    const kinds = [made.writeKey, made.serverKey, made.secretKey].map(
      (text) => open().find(text)?.kind,
    );
    expect(kinds).toEqual(["public", "server", "secret"]);
  });

  test("are made anew when their file is lost, and the lost ones open nothing", () => {
    const lost = developmentKeys(path(), open(), demo);
    rmSync(path());
    const made = developmentKeys(path(), open(), demo);
    expect(open().find(lost.secretKey)).toBeUndefined();
    expect(open().find(made.secretKey)).toBeDefined();
  });

  test("are refused in production, and open nothing there even without their file", () => {
    const { secretKey } = developmentKeys(path(), open(), demo);
    expect(() => refuseDevelopmentKeys(path())).toThrow(/production refuses/);
    rmSync(path());
    expect(() => refuseDevelopmentKeys(path())).not.toThrow();
    expect(open("production").find(secretKey)).toBeUndefined();
    expect(open().find(secretKey)).toBeDefined();
  });
});
