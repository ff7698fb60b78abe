import { mkdtempSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { importJWK, type JWK, SignJWT } from "jose";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { UserTokens } from "./user-tokens.ts";

const start = Date.UTC(2026, 10, 22);
let now = start;
let folder: string;
let tokens: UserTokens;
let jwk: JWK & { kid: string };

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "tokens-"));
  tokens = await UserTokens.open(join(folder, "token-key.json"), () => now);
  jwk = JSON.parse(readFileSync(join(folder, "token-key.json"), "utf8")).keys[0];
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const issue = (ttlS = 900) => tokens.issue({ tenant: 3, userId: "u1", ttlS });
const encode = (value: unknown) => Buffer.from(JSON.stringify(value)).toString("base64url");
const codeOf = (token: string) =>
  tokens.verify(token).then(
    () => "accepted",
    (error: { code?: string }) => error.code,
  );

/** A token signed with the right key over any header and claims. */
async function signed(header: object, claims: object): Promise<string> {
  const iat = Math.floor(now / 1_000);
  const whole = { sub: "u1", aud: "attune", tid: 3, iat, exp: iat + 60, jti: "j", ...claims };
  return new SignJWT(whole)
    .setProtectedHeader({ alg: "EdDSA", kid: jwk.kid, ...header })
    .sign(await importJWK(jwk, "EdDSA"));
}

describe("a token", () => {
  test("says whose it is, after a new start too", async () => {
    const again = await UserTokens.open(join(folder, "token-key.json"), () => now);
    const { tokenId, ...rest } = await again.verify(await issue());
    expect(rest).toEqual({ tenant: 3, userId: "u1", expiresAtS: start / 1_000 + 900 });
    expect(tokenId.length).toBeGreaterThan(10);
    expect(statSync(join(folder, "token-key.json")).mode & 0o777).toBe(0o600);
  });

  test("expires at its second, with a code that asks for a new one", async () => {
    const token = await issue(10);
    now = start + 9_999;
    expect(await codeOf(token)).toBe("accepted");
    now = start + 10_000;
    expect(await codeOf(token)).toBe("token_expired");
    now = start;
  });

  test("lives 900 seconds at most", async () => {
    await expect(issue(901)).rejects.toThrow(/ttlS is 901/);
    await expect(issue(0)).rejects.toThrow(/ttlS/);
    await expect(tokens.issue({ tenant: 1, userId: "", ttlS: 1 })).rejects.toThrow(/userId/);
  });

  test("signed by hand with our key and honest claims is taken: the control of the cases below", async () => {
    expect(await codeOf(await signed({}, {}))).toBe("accepted");
  });
});

describe("hostile tokens", () => {
  const iat = start / 1_000;
  test.each<[string, object, object]>([
    ["kid unknown", { kid: "other" }, {}],
    ["kid missing", { kid: undefined }, {}],
    ["kid a path", { kid: "../../token-key.json" }, {}],
    ["kid a number", { kid: 1 }, {}],
    ["critical extension", { crit: ["exp2"], exp2: 1 }, {}],
    ["audience other", {}, { aud: "other" }],
    ["audience missing", {}, { aud: undefined }],
    ["tenant missing", {}, { tid: undefined }],
    ["tenant text", {}, { tid: "3" }],
    ["tenant fraction", {}, { tid: 3.5 }],
    ["subject missing", {}, { sub: undefined }],
    ["subject empty", {}, { sub: "" }],
    ["id missing", {}, { jti: undefined }],
    ["expiry missing", {}, { exp: undefined }],
    ["issue time missing", {}, { iat: undefined }],
    ["longer than 15 minutes", {}, { exp: iat + 901 }],
    ["not yet valid", {}, { nbf: iat + 3_600 }],
  ])("%s", async (_name, header, claims) => {
    let token: string;
    try {
      token = await signed(header, claims);
    } catch {
      // The signer refuses to make it: build the same text with a signature that cannot fit.
      token = `${encode({ alg: "EdDSA", kid: jwk.kid, ...header })}.${encode(claims)}.AAAA`;
    }
    expect(await codeOf(token)).toBe("key_invalid");
  });

  test.each(["none", "HS256", "RS256", "ES256", "Ed25519x", ""])("algorithm %s", async (alg) => {
    const claims = { sub: "u1", aud: "attune", tid: 3, iat, exp: iat + 60, jti: "j" };
    const head = encode({ alg, kid: jwk.kid });
    const secret = new TextEncoder().encode(jwk.x);
    const body = `${head}.${encode(claims)}`;
    const texts = [`${body}.`, body, `${body}.${Buffer.from(secret).toString("base64url")}`];
    if (alg === "HS256") {
      texts.push(await new SignJWT(claims).setProtectedHeader({ alg, kid: jwk.kid }).sign(secret));
    }
    for (const text of texts) expect(await codeOf(text)).toBe("key_invalid");
  });

  test("cut, swapped, doubled and foreign texts", async () => {
    const token = await issue();
    const [head, body, signature] = token.split(".") as [string, string, string];
    const other = await tokens.issue({ tenant: 4, userId: "u2", ttlS: 60 });
    const [, otherBody] = other.split(".") as [string, string, string];
    const foreign = await UserTokens.open(join(folder, "foreign.json"), () => now);
    const texts = [
      "",
      ".",
      "..",
      "...",
      head,
      `${head}.${body}`,
      `${head}.${otherBody}.${signature}`,
      `${head}.${body}.${signature.slice(1)}`,
      `${head}.${body}.${signature}.${signature}`,
      `${head}..${signature}`,
      `.${body}.${signature}`,
      "💥.💥.💥",
      `${token}${"a".repeat(5_000)}`,
      await foreign.issue({ tenant: 3, userId: "u1", ttlS: 60 }),
    ];
    for (const text of texts) expect(await codeOf(text)).toBe("key_invalid");
  });
});
