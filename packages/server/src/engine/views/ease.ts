import type { EaseView } from "../../core/rank/ease.ts";
import type { Cooccurrence } from "../../core/sum/cooccurrence.ts";
import { NewestView } from "./newest.ts";
import type { Views } from "./thread.ts";

/** How often a tenant's view is made anew at most; a solve at the limit of its size is most of a minute. */
export const easeEveryMsDefault = 600_000;

/** The newest EASE view of a tenant; without one taste is read from the counts. */
export class NewestEase extends NewestView<EaseView> {
  constructor(views: Pick<Views, "ease">, tenant: number, everyMs: number) {
    super((seq) => views.ease(tenant, seq), everyMs);
  }

  refresh(sums: Cooccurrence, seq: number, now: number): void {
    this.ask(sums.size === 0, () => sums.digest(), seq, now);
  }
}
