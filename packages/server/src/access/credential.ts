/**
 * Where a key may stand in a request. Clients of many makers put it in different places; each place is read
 * here and nowhere else. Finding a text is no proof of anything: `Keys.find` says whose it is.
 */
export interface RequestParts {
  /** Header names in lower case, as Node gives them. */
  headers: Readonly<Record<string, string | string[] | undefined>>;
  /** The parsed body, or of a batch all that stands around its events. */
  body?: unknown;
  /** The query, on routes where a beacon may carry its key there and on no others: addresses get logged. */
  query?: unknown;
}

const bodyFields = ["writeKey", "api_key", "token"];

/**
 * The key of a request: Basic user name, Bearer, `X-Write-Key`, the body, the query; the first place that
 * has one. The body of a client that was told its key twice says the same as its header.
 */
export function credentialOf(parts: RequestParts): string | undefined {
  const { headers, body, query } = parts;
  const written = headers["x-write-key"];
  return (
    authorized(headers["authorization"]) ??
    textOf(Array.isArray(written) ? written[0] : written) ??
    fieldOf(body, bodyFields) ??
    fieldOf(query, ["writeKey"])
  );
}

function authorized(header: string | string[] | undefined): string | undefined {
  if (typeof header !== "string") return undefined;
  const space = header.indexOf(" ");
  const scheme = header.slice(0, Math.max(0, space)).toLowerCase();
  const value = header.slice(space + 1).trim();
  if (scheme === "bearer") return textOf(value);
  if (scheme !== "basic") return undefined;
  const decoded = Buffer.from(value, "base64").toString("utf8");
  const colon = decoded.indexOf(":");
  // Some clients leave the colon out with the empty password.
  return textOf(colon < 0 ? decoded : decoded.slice(0, colon));
}

function fieldOf(value: unknown, fields: readonly string[]): string | undefined {
  if (typeof value !== "object" || value === null) return undefined;
  for (const field of fields) {
    if (!Object.hasOwn(value, field)) continue;
    const text = textOf((value as Record<string, unknown>)[field]);
    if (text !== undefined) return text;
  }
  return undefined;
}

function textOf(value: unknown): string | undefined {
  return typeof value === "string" && value !== "" ? value : undefined;
}
