/**
 * The few calls the example's own server makes, over HTTP as any application would: the catalogue, tokens for
 * visitors, events of the crowd. It alone holds the secret key; the page never sees it.
 */
export interface AttuneKeys {
  writeKey: string;
  serverKey: string;
  secretKey: string;
}

const attemptsMax = 20;

export class AttuneClient {
  /** Known once the server listens. */
  readonly #url: () => string;
  readonly #keys: AttuneKeys;

  constructor(url: () => string, keys: AttuneKeys) {
    this.#url = url;
    this.#keys = keys;
  }

  get writeKey(): string {
    return this.#keys.writeKey;
  }

  /** Takes any number of items: a line each, streamed as one body. */
  async putItems(items: readonly Readonly<Record<string, unknown>>[]): Promise<void> {
    const body = items.map((item) => `${JSON.stringify(item)}\n`).join("");
    await this.#call("PUT", "/v1/items", this.#keys.secretKey, body, "application/x-ndjson");
  }

  async hasItem(id: string): Promise<boolean> {
    return this.#exists(`/v1/items/${encodeURIComponent(id)}`);
  }

  async hasUser(id: string): Promise<boolean> {
    return this.#exists(`/v1/users/${encodeURIComponent(id)}`);
  }

  async token(userId: string, ttlS: number): Promise<string> {
    const body = JSON.stringify({ userId, ttlS });
    const answer = await this.#call("POST", "/v1/tokens", this.#keys.secretKey, body);
    return ((await answer.json()) as { token: string }).token;
  }

  /** Sends again after a 429, so nothing is lost; message ids see to it that nothing counts twice. */
  async batch(events: readonly object[]): Promise<void> {
    const body = JSON.stringify({ batch: events, sentAt: new Date().toISOString() });
    await this.#call("POST", "/v1/batch", this.#keys.serverKey, body);
  }

  async #exists(path: string): Promise<boolean> {
    const headers = { Authorization: `Bearer ${this.#keys.secretKey}` };
    const answer = await fetch(this.#url() + path, { headers });
    await answer.arrayBuffer();
    if (answer.ok || answer.status === 404) return answer.ok;
    throw new Error(`GET ${path}: ${answer.status}`);
  }

  async #call(
    method: string,
    path: string,
    key: string,
    body: string,
    type = "application/json",
  ): Promise<Response> {
    const headers = { Authorization: `Bearer ${key}`, "Content-Type": type };
    for (let attempt = 1; ; attempt++) {
      const answer = await fetch(this.#url() + path, { method, headers, body });
      if (answer.ok) return answer;
      const isBusy = answer.status === 429 || answer.status === 503;
      const said = (await answer.text()).slice(0, 500);
      if (!isBusy || attempt === attemptsMax)
        throw new Error(`${method} ${path}: ${answer.status} ${said}`);
      const waitS = Number(answer.headers.get("Retry-After") ?? 1);
      await new Promise((resolve) => setTimeout(resolve, waitS * 1000));
    }
  }
}
