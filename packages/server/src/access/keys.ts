/**
 * The keys of all tenants: who calls, for which tenant, with which rights. A file that only its owner can
 * read (0600) holds their SHA-256, never a key; a key is shown once, when it is made. The tenant of a request
 * comes from its key alone.
 */
import { createHash, randomBytes, timingSafeEqual } from "node:crypto";
import { CodedError } from "@attune/protocol";
import { isKeyText, type KeyKind, newKeyText } from "./key-text.ts";
import { readPrivate, writePrivately } from "./private-file.ts";

export type { KeyKind } from "./key-text.ts";

/** What a key may do. A key has the scopes of its kind unless it was made with fewer. */
export const scopesOfKind = {
  public: ["events"],
  server: ["events", "items"],
  secret: ["events", "items", "dead-letters", "users", "tokens", "stream", "settings"],
} as const satisfies Record<KeyKind, readonly string[]>;

export type Scope = (typeof scopesOfKind)[KeyKind][number];

/** Who a request comes from, proven by a key. */
export interface Credential {
  tenant: number;
  kind: KeyKind;
  keyId: string;
  scopes: readonly string[];
}

/** A key as its owner may see it later: all but the key itself. */
export interface KeyRow {
  id: string;
  tenant: number;
  kind: KeyKind;
  scopes: readonly string[];
  /** What the owner calls it. */
  label?: string | undefined;
  createdAt: number;
  revokedAt?: number | undefined;
  expiresAt?: number | undefined;
  /** Its text lies in dev-keys.json, so it counts for nothing in production. */
  isDevelopment?: boolean | undefined;
}

interface StoredKey extends KeyRow {
  sha256: string;
}

export interface NewKey {
  tenant: number;
  tenantName: string;
  kind: KeyKind;
  scopes?: readonly Scope[] | undefined;
  label?: string | undefined;
  expiresAt?: number | undefined;
  isDevelopment?: boolean | undefined;
}

export interface KeysOptions {
  path: string;
  now: () => number;
  mode: "development" | "production";
}

export class Keys {
  readonly #options: KeysOptions;
  readonly #rows: StoredKey[];
  readonly #byDigest = new Map<
    string,
    { row: StoredKey; digest: Buffer; credential: Credential }
  >();

  constructor(options: KeysOptions) {
    this.#options = options;
    const stored = readPrivate(options.path, "a list of keys") as { keys: StoredKey[] } | undefined;
    this.#rows = stored?.keys ?? [];
    for (const row of this.#rows) this.#index(row);
  }

  /** Whose key it is; nothing for an unknown, revoked or expired one, or one that only looks like a key. */
  find(secret: string): Credential | undefined {
    if (!isKeyText(secret)) return undefined;
    const digest = createHash("sha256").update(secret).digest();
    const found = this.#byDigest.get(digest.toString("hex"));
    // The table finds by the hash, whose timing tells nothing of the key; the comparison tells nothing either.
    if (found === undefined || !timingSafeEqual(found.digest, digest)) return undefined;
    return this.#isGood(found.row) ? found.credential : undefined;
  }

  /** Makes a key and returns its text, which nobody can ever read again. */
  create(wanted: NewKey): { secret: string; key: KeyRow } {
    const { tenant, tenantName, kind, label, expiresAt, isDevelopment } = wanted;
    const rights: readonly Scope[] = scopesOfKind[kind];
    const scopes = wanted.scopes ?? rights;
    const excess = scopes.find((scope) => !rights.includes(scope));
    if (excess !== undefined) {
      const message = `A ${kind} key cannot have the scope ${excess}; it can have ${rights.join(", ")}.`;
      throw new CodedError("option_invalid", message);
    }
    const secret = newKeyText(kind, tenantName);
    const sha256 = createHash("sha256").update(secret).digest("hex");
    const id = `k_${randomBytes(8).toString("hex")}`;
    const createdAt = this.#options.now();
    const optional = { label, expiresAt, isDevelopment };
    const row: StoredKey = { id, tenant, kind, scopes, createdAt, ...optional, sha256 };
    this.#rows.push(row);
    this.#write();
    this.#index(row);
    return { secret, key: shown(row) };
  }

  /** A tenant's keys, the oldest first, the revoked ones too. */
  list(tenant: number): KeyRow[] {
    return this.#rows.filter((row) => row.tenant === tenant).map(shown);
  }

  /** From now on the key opens nothing. Two keys of a kind may be good at once, so a change costs no request. */
  revoke(tenant: number, id: string): KeyRow {
    const row = this.#rows.find((key) => key.tenant === tenant && key.id === id);
    if (row === undefined) throw new CodedError("not_found", `There is no key ${id}.`);
    row.revokedAt ??= this.#options.now();
    this.#write();
    return shown(row);
  }

  #isGood(row: StoredKey): boolean {
    if (row.revokedAt !== undefined) return false;
    if (row.expiresAt !== undefined && row.expiresAt <= this.#options.now()) return false;
    return row.isDevelopment !== true || this.#options.mode === "development";
  }

  #index(row: StoredKey): void {
    const { tenant, kind, id: keyId, scopes, sha256 } = row;
    const credential = Object.freeze({ tenant, kind, keyId, scopes });
    this.#byDigest.set(sha256, { row, digest: Buffer.from(sha256, "hex"), credential });
  }

  #write(): void {
    writePrivately(this.#options.path, { version: 1, keys: this.#rows });
  }
}

function shown(row: StoredKey): KeyRow {
  const { id, tenant, kind, scopes, label, createdAt, revokedAt, expiresAt, isDevelopment } = row;
  return { id, tenant, kind, scopes, label, createdAt, revokedAt, expiresAt, isDevelopment };
}

/** Throws `permission_denied` unless the key may do this. */
export function assertScope(credential: Credential, scope: Scope): void {
  if (credential.scopes.includes(scope)) return;
  const message = `A ${credential.kind} key without the scope ${scope} may not do this.`;
  throw new CodedError("permission_denied", message);
}
