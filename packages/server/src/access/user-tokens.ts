/**
 * Tokens that prove who a person is, for at most 15 minutes: JWTs signed with Ed25519 by keys of our own.
 * Verifying one looks nothing up, takes no other algorithm, and trusts only the key ids in our own file.
 */
import { randomBytes } from "node:crypto";
import {
  type CryptoKey,
  errors,
  exportJWK,
  generateKeyPair,
  importJWK,
  type JWK,
  jwtVerify,
  SignJWT,
} from "jose";
import { CodedError, product } from "@attune/protocol";
import { readPrivate, writePrivately } from "./private-file.ts";

const tokenTtlSMax = 900;
const algorithm = "EdDSA";
const audience: string = product.command;
/** A token is a header, a few claims and 64 bytes of signature: anything longer is none of ours. */
const tokenUnitsMax = 4_096;
const userUnitsMax = 1_024;

export interface UserToken {
  tenant: number;
  userId: string;
  expiresAtS: number;
  tokenId: string;
}

interface StoredTokenKeys {
  version: 1;
  /** Key that signs; the others still verify what they signed. */
  active: string;
  keys: (JWK & { kid: string })[];
}

export class UserTokens {
  readonly #now: () => number;
  readonly #active: string;
  readonly #signing: CryptoKey;
  readonly #verifying: ReadonlyMap<string, CryptoKey>;

  private constructor(
    now: () => number,
    active: string,
    signing: CryptoKey,
    verifying: Map<string, CryptoKey>,
  ) {
    this.#now = now;
    this.#active = active;
    this.#signing = signing;
    this.#verifying = verifying;
  }

  /** Reads the key pairs at `path`, or makes the first one. */
  static async open(path: string, now: () => number): Promise<UserTokens> {
    const stored =
      (readPrivate(path, "the keys of user tokens") as StoredTokenKeys | undefined) ??
      (await firstKeys(path));
    const verifying = new Map<string, CryptoKey>();
    let signing: CryptoKey | undefined;
    for (const jwk of stored.keys) {
      const { d: _, ...open } = jwk;
      verifying.set(jwk.kid, (await importJWK(open, algorithm)) as CryptoKey);
      if (jwk.kid === stored.active) signing = (await importJWK(jwk, algorithm)) as CryptoKey;
    }
    if (signing === undefined) {
      throw new CodedError(
        "data_invalid",
        `${path} lacks its active key: restore it from a backup.`,
      );
    }
    return new UserTokens(now, stored.active, signing, verifying);
  }

  async issue(wanted: { tenant: number; userId: string; ttlS: number }): Promise<string> {
    const { tenant, userId, ttlS } = wanted;
    if (!Number.isInteger(ttlS) || ttlS < 1 || ttlS > tokenTtlSMax) {
      throw new CodedError("option_invalid", `ttlS is ${ttlS}; give 1 to ${tokenTtlSMax} seconds.`);
    }
    if (userId === "" || userId.length > userUnitsMax) {
      throw new CodedError("option_invalid", `userId must have 1 to ${userUnitsMax} characters.`);
    }
    const issuedAtS = Math.floor(this.#now() / 1_000);
    return new SignJWT({ tid: tenant })
      .setProtectedHeader({ alg: algorithm, kid: this.#active })
      .setSubject(userId)
      .setAudience(audience)
      .setIssuedAt(issuedAtS)
      .setExpirationTime(issuedAtS + ttlS)
      .setJti(randomBytes(12).toString("base64url"))
      .sign(this.#signing);
  }

  /** Whose token it is. Throws a CodedError: `token_expired` calls for a new one, `key_invalid` for a stop. */
  async verify(token: string): Promise<UserToken> {
    if (token.length > tokenUnitsMax) throw invalid();
    try {
      const { payload } = await jwtVerify(token, (header) => this.#keyOf(header.kid), {
        algorithms: [algorithm],
        audience,
        requiredClaims: ["sub", "aud", "tid", "exp", "iat", "jti"],
        currentDate: new Date(this.#now()),
      });
      const { sub, tid, exp, iat, jti } = payload;
      const isWhole =
        Number.isSafeInteger(tid) && Number.isSafeInteger(exp) && Number.isSafeInteger(iat);
      if (!isWhole || typeof sub !== "string" || sub === "" || typeof jti !== "string")
        throw invalid();
      // A signed token of ours is never this long; a key that leaked into another program could make one.
      if (exp! - iat! > tokenTtlSMax) throw invalid();
      return { tenant: tid as number, userId: sub, expiresAtS: exp!, tokenId: jti };
    } catch (error) {
      if (error instanceof errors.JWTExpired) {
        throw new CodedError("token_expired", "The user token has expired: ask for a new one.");
      }
      throw invalid(error);
    }
  }

  #keyOf(kid: string | undefined): CryptoKey {
    const key = kid === undefined ? undefined : this.#verifying.get(kid);
    if (key === undefined) throw invalid();
    return key;
  }
}

function invalid(cause?: unknown): CodedError {
  if (cause instanceof CodedError) return cause;
  return new CodedError("key_invalid", "This is no user token of this server.", { cause });
}

async function firstKeys(path: string): Promise<StoredTokenKeys> {
  const pair = await generateKeyPair(algorithm, { crv: "Ed25519", extractable: true });
  const kid = randomBytes(8).toString("hex");
  const key = { ...(await exportJWK(pair.privateKey)), kid };
  const stored: StoredTokenKeys = { version: 1, active: kid, keys: [key] };
  writePrivately(path, stored);
  return stored;
}
