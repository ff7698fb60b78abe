/**
 * The live list: one subscription of the unmodified centrifuge client. The full list comes with the answer to
 * the subscription, keyed diffs follow; a diff that does not fit asks for the full list again.
 */
import { Centrifuge, type Subscription } from "centrifuge";
import type { LiveDiff, LiveList } from "@attune/protocol";
import { applied } from "./applied.ts";

export interface LiveParts {
  visitor: string;
  limit: number;
  token: () => Promise<string>;
  onList: (list: LiveList) => void;
  onState: (isLive: boolean) => void;
}

export class LiveQuery {
  readonly #parts: LiveParts;
  readonly #client: Centrifuge;
  readonly #subscription: Subscription;
  #list: LiveList | undefined;

  constructor(parts: LiveParts) {
    this.#parts = parts;
    const scheme = location.protocol === "https:" ? "wss" : "ws";
    this.#client = new Centrifuge(`${scheme}://${location.host}/connection/websocket`, {
      getToken: parts.token,
      minReconnectDelay: 200,
    });
    this.#client.on("connected", () => parts.onState(true));
    this.#client.on("connecting", () => parts.onState(false));
    this.#client.on("disconnected", () => parts.onState(false));
    this.#subscription = this.#client.newSubscription(`reco:up-next#${parts.visitor}`, {
      data: { limit: parts.limit },
    });
    this.#subscription.on("subscribed", ({ data }) => {
      // Where a short break was recovered there is no list in the answer: the missed diffs follow.
      if (isList(data)) this.#show(data);
    });
    this.#subscription.on("publication", ({ data }) => this.#take(data as LiveList | LiveDiff));
  }

  open(): void {
    this.#subscription.subscribe();
    this.#client.connect();
  }

  close(): void {
    this.#client.disconnect();
  }

  #take(change: LiveList | LiveDiff): void {
    if (change.type === "recommendation.list") return this.#show(change);
    const next = this.#list === undefined ? undefined : applied(this.#list, change);
    if (next !== undefined) return this.#show(next);
    this.#subscription.unsubscribe();
    this.#subscription.subscribe();
  }

  #show(list: LiveList): void {
    this.#list = list;
    this.#parts.onList(list);
  }
}

function isList(data: unknown): data is LiveList {
  return typeof data === "object" && data !== null && "items" in data;
}
