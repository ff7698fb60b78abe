import { describe, expect, test } from "vitest";
import type { Span } from "./otlp.ts";
import { readTraceparent } from "./trace-context.ts";
import { Traces } from "./traces.ts";

const traceId = "4bf92f3577b34da6a3ce929d0e0e4736";
const spanId = "00f067aa0ba902b7";

describe("a traceparent", () => {
  test.each([
    [`00-${traceId}-${spanId}-01`, true],
    [`00-${traceId}-${spanId}-00`, false],
    [`00-${traceId}-${spanId}-03`, true],
    [`01-${traceId}-${spanId}-01-what-comes-later`, true],
  ])("%s is read", (header, isSampled) => {
    expect(readTraceparent(header)).toEqual({ traceId, spanId, isSampled });
  });

  test.each([
    undefined,
    ["00"],
    "",
    "00",
    `00-${traceId.toUpperCase()}-${spanId}-01`,
    `00-${traceId}-${spanId}-01-more`,
    `ff-${traceId}-${spanId}-01`,
    `00-${"0".repeat(32)}-${spanId}-01`,
    `00-${traceId}-${"0".repeat(16)}-01`,
    `00-${traceId}-${spanId}-1`,
    ` 00-${traceId}-${spanId}-01`,
  ])("%s is none", (header) => {
    expect(readTraceparent(header)).toBeUndefined();
  });
});

function stage(samplePermille = 0, perSMax = 100) {
  const spans: Span[] = [];
  const clock = { ms: 5_000 };
  let chance = 0;
  const traces = new Traces({
    add: (span) => spans.push(span),
    samplePermille,
    perSMax,
    now: () => clock.ms,
    chance: () => chance,
  });
  return { traces, spans, clock, roll: (value: number) => void (chance = value) };
}
const sampled = { traceparent: `00-${traceId}-${spanId}-01` };
const unsampled = { traceparent: `00-${traceId}-${spanId}-00` };

describe("which requests are traced", () => {
  test("the caller decides where it says so, the sample decides about the others", () => {
    const { traces, roll } = stage(250);
    roll(0.249);
    expect(traces.begin()).toBeDefined();
    expect(traces.begin(unsampled)).toBeUndefined();
    roll(0.25);
    expect(traces.begin()).toBeUndefined();
    expect(traces.begin(sampled)?.traceId).toBe(traceId);
  });

  test("tracesPerS is the limit of a second, whoever asks", () => {
    const { traces, clock } = stage(0, 3);
    const begun = (): number =>
      Array.from({ length: 5 }, () => traces.begin(sampled)).filter((it) => it !== undefined)
        .length;
    expect(begun()).toBe(3);
    clock.ms += 999;
    expect(begun()).toBe(0);
    clock.ms += 1;
    expect(begun()).toBe(3);
  });
});

const record = (n: number, subject = "ada") => ({
  tenant: 1,
  subject,
  source: "server",
  messageHash: String(n),
});

describe("what becomes of a request's records", () => {
  const append = async <R>(records: R): Promise<R> => records;

  test("two requests in one commit are two traces, each told of its own person's lists alone", async () => {
    const { traces, spans, clock } = stage();
    const [one, two] = [traces.begin(sampled)!, traces.begin(sampled)!];
    const commit = { seq: 7, records: [record(1), record(2, "bob"), record(3, "eve")] };
    const fold = async (): Promise<void> => {
      traces.committed(commit);
      clock.ms += 4;
      traces.folded(commit);
    };
    await Promise.all([
      traces.append(one, [record(1)], append),
      traces.append(two, [record(2, "bob")], fold),
    ]);
    const names = (id: string) => spans.filter((s) => s.parentId === id).map((s) => s.name);
    expect(names(one.spanId)).toEqual(["append", "fold"]);
    expect(names(two.spanId)).toEqual(["append", "fold"]);
    spans.length = 0;
    expect(traces.listed({ tenant: 1, subject: "eve" }, 1)).toBeUndefined();
    expect(traces.listed({ tenant: 2, subject: "ada" }, 1)).toBeUndefined();
    const written = traces.listed({ tenant: 1, subject: "ada" }, 1);
    clock.ms += 2;
    written!();
    expect(spans.map(({ name, startMs, endMs }) => [name, endMs - startMs])).toEqual([
      ["live list", 1],
      ["push", 2],
    ]);
  });

  test("the next commit's lists are no longer this one's", async () => {
    const { traces } = stage();
    const trace = traces.begin(sampled)!;
    await traces.append(trace, [record(1)], async () => {
      traces.committed({ seq: 1, records: [record(1)] });
      traces.folded({ seq: 1 });
    });
    expect(traces.listed({ tenant: 1, subject: "ada" }, 0)).toBeDefined();
    traces.folded({ seq: 2 });
    expect(traces.listed({ tenant: 1, subject: "ada" }, 0)).toBeUndefined();
  });

  test("duplicates and a failed append leave nothing behind for a later commit to find", async () => {
    const { traces, spans } = stage();
    const trace = traces.begin(sampled)!;
    await traces.append(trace, [record(1)], append);
    const failing = traces.append(trace, [record(2)], () => Promise.reject(new Error("full")));
    await expect(failing).rejects.toThrow("full");
    traces.committed({ seq: 1, records: [record(1), record(2)] });
    traces.folded({ seq: 1 });
    expect(spans).toEqual([]);
  });
});
