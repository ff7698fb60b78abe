import type { ThetaView } from "../../core/rank/learned/theta.ts";
import type { RankerSum } from "../../core/sum/ranker.ts";
import { NewestView } from "./newest.ts";
import type { Views } from "./thread.ts";

/** How often the weights are solved anew at most: some ms of the view thread for each placement. */
export const thetaEveryMsDefault = 60_000;

/** The newest weights of a tenant's ranker; without them the order is that of the blend. */
export class NewestTheta extends NewestView<ThetaView> {
  constructor(views: Pick<Views, "theta">, tenant: number, everyMs: number) {
    super((seq) => views.theta(tenant, seq), everyMs);
  }

  refresh(sum: RankerSum, seq: number, now: number): void {
    // The digest walks every cell: too much for the thread that answers.
    if (!sum.isEmpty) this.ask(String(sum.revision), seq, now);
  }
}
