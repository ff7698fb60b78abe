/**
 * The one click stream: the unmodified web client of Segment, pointed at this server. Each event goes out at
 * once (the `standard` strategy), so that its acknowledgement can be timed.
 */
import { AnalyticsBrowser } from "@segment/analytics-next";

export type Clicked =
  | "Track Played"
  | "Song Skipped"
  | "Track Liked"
  | "Track Disliked"
  | "Song Completed";

export class ClickStream {
  readonly #analytics: AnalyticsBrowser;
  #isIdentified = false;

  constructor(writeKey: string) {
    this.#analytics = AnalyticsBrowser.load(
      { writeKey, cdnURL: location.origin },
      {
        integrations: { "Segment.io": { deliveryStrategy: { strategy: "standard", config: {} } } },
      },
    );
  }

  /** Resolves when the server has acknowledged the event, which it does once it is on the disk. */
  async send(
    visitor: string,
    event: Clicked,
    track: string,
    rest: Readonly<Record<string, unknown>> = {},
  ): Promise<void> {
    // Nothing is said of a visitor who has done nothing, not even that they are there.
    if (!this.#isIdentified) void this.#analytics.identify(visitor);
    this.#isIdentified = true;
    await this.#analytics.track(event, { track_id: track, ...rest });
  }

  /** Slots of a list that were looked at: they teach what was seen and left, and which list was worth showing. */
  saw(decisionId: string, slots: readonly number[]): void {
    // Likewise: who has only looked has said nothing.
    if (!this.#isIdentified) return;
    void this.#analytics.track("Recommendations Seen", { decisionId, slots: [...slots] });
  }

  /** The client's own memory of the person; the server's is forgotten by `forget`. */
  async reset(): Promise<void> {
    this.#isIdentified = false;
    await this.#analytics.reset();
  }
}
