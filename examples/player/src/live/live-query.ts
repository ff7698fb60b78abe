/**
 * The live lists of a visitor: subscriptions of one unmodified centrifuge client. A full list comes with the
 * answer to a subscription, keyed diffs follow; a diff that does not fit asks for the full list again.
 */
import { Centrifuge, type Subscription } from "centrifuge";
import type { LiveDiff, LiveList } from "@attune/protocol";
import { applied } from "./applied.ts";

export interface Wanted {
  placement: string;
  limit: number;
  onList: (list: LiveList) => void;
}

export interface LineParts {
  visitor: string;
  wanted: readonly Wanted[];
  token: () => Promise<string>;
  onState: (isLive: boolean) => void;
}

/** The one connection that all lists come over. */
export class LiveLine {
  readonly #client: Centrifuge;
  readonly #queries: readonly LiveQuery[];

  constructor({ visitor, wanted, token, onState }: LineParts) {
    const scheme = location.protocol === "https:" ? "wss" : "ws";
    this.#client = new Centrifuge(`${scheme}://${location.host}/connection/websocket`, {
      getToken: token,
      minReconnectDelay: 200,
    });
    this.#client.on("connected", () => onState(true));
    this.#client.on("connecting", () => onState(false));
    this.#client.on("disconnected", () => onState(false));
    this.#queries = wanted.map((one) => new LiveQuery(this.#client, visitor, one));
  }

  open(): void {
    for (const query of this.#queries) query.open();
    this.#client.connect();
  }

  close(): void {
    this.#client.disconnect();
  }
}

class LiveQuery {
  readonly #subscription: Subscription;
  readonly #onList: Wanted["onList"];
  #list: LiveList | undefined;

  constructor(client: Centrifuge, visitor: string, { placement, limit, onList }: Wanted) {
    this.#onList = onList;
    this.#subscription = client.newSubscription(`reco:${placement}#${visitor}`, {
      data: { limit },
    });
    this.#subscription.on("subscribed", ({ data }) => {
      // Where a short break was recovered there is no list in the answer: the missed diffs follow.
      if (isList(data)) this.#show(data);
    });
    this.#subscription.on("publication", ({ data }) => this.#take(data as LiveList | LiveDiff));
  }

  open(): void {
    this.#subscription.subscribe();
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
    this.#onList(list);
  }
}

function isList(data: unknown): data is LiveList {
  return typeof data === "object" && data !== null && "items" in data;
}
