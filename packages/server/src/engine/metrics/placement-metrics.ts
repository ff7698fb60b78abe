import { setImmediate } from "node:timers/promises";
import { CodedError } from "@attune/protocol";
import {
  type Days,
  placementReport,
  type PlacementReport,
} from "../../core/rank/metrics/placement-report.ts";
import { findPlacement } from "../../core/rank/placement.ts";
import type { Engine } from "../engine.ts";

export interface PlacementMetrics extends PlacementReport {
  /** From here on the figures reflect everything; what came while they were added up may be in them. */
  position: string;
}

/** The figures of a placement at `after` or later, added up between answers. */
export async function placementMetrics(
  engine: Pick<Engine, "whole" | "position" | "tenant">,
  tenant: number,
  name: string,
  days: Days,
  after?: string,
): Promise<PlacementMetrics> {
  await engine.whole(after);
  const position = engine.position();
  const { models, catalogue, definitions } = engine.tenant(tenant);
  if (findPlacement(definitions, name) === undefined)
    throw new CodedError("not_found", `There is no placement ${name}.`);
  const steps = placementReport(models, catalogue, definitions.takedowns, name, days);
  for (;;) {
    const step = steps.next();
    if (step.done === true) return { ...step.value, position };
    await setImmediate();
  }
}
