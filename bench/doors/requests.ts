/** The load as requests of the write door: Segment calls of about 500 bytes, as client libraries send them. */
import { Interactions, type Load } from "../generate.ts";
import { scatter } from "../random.ts";

const verbs = { view: "Product Viewed", play: "Song Played", complete: "Song Completed" } as const;
const filler = "a value as long as the ones that client libraries send along with every event";

/** Instead of one person's number: an event alone, or each of a batch another person's. */
const alone = -2;
const each = -1;

export interface Wanted {
  /** Events of a request; 1 is sent as a call of its own. */
  events: number;
  /** Another person's each, or all of one person's. */
  users: "one" | "many";
}

/** Hands out events one by one: ids never repeat, and the people and items are those of the load. */
export class Events {
  readonly #interactions: Interactions;
  /** Ids of one run differ from those of another on the same directory. */
  readonly #run: string;

  constructor(load: Load, run: string) {
    this.#interactions = new Interactions(load);
    this.#run = run;
  }

  /** Path and body of a request with the given number of events. */
  request({ events, users }: Wanted): { path: string; body: string } {
    const now = new Date().toISOString();
    if (events === 1) return { path: "/v1/track", body: JSON.stringify(this.#next(now, alone)) };
    const one =
      users === "one" ? scatter(this.#interactions.count) % this.#interactions.load.users : each;
    const batch = Array.from({ length: events }, () => this.#next(now, one));
    return { path: "/v1/batch", body: JSON.stringify({ batch, sentAt: now }) };
  }

  #next(timestamp: string, one: number): object {
    this.#interactions.next();
    const { item, user, type, count } = this.#interactions;
    return {
      type: "track",
      event: type === "play" || type === "complete" ? verbs[type] : verbs.view,
      messageId: `${this.#run}-${count}-${scatter(count).toString(36)}`,
      userId: `user-${one < 0 ? user : one}`,
      timestamp,
      // A call alone says when it was sent; in a batch the batch does.
      ...(one === alone ? { sentAt: timestamp } : {}),
      properties: {
        itemId: `item-${item}`,
        title: `Title of item ${item}`,
        url: `https://shop.example/catalogue/items/${item}?from=list&place=${count % 40}`,
        note: filler,
        position: count % 40,
      },
      context: { library: { name: "analytics", version: "4.2.0" }, locale: "en-GB" },
    };
  }
}
