import { expect, test } from "vitest";
import { Meter } from "./meter.ts";

test("metrics are written in the exposition format", () => {
  const meter = new Meter();
  const events = meter.counter("events_total", "Events.");
  const took = meter.latency("answer_seconds", "Answers.");
  meter.gauge("queue_bytes", "Queue.", () => 7);
  events(2, { verdict: "ok" });
  events(1, { verdict: 'a"b\\c\n' });
  took(0.4);
  took(20_000);
  const text = meter.text();
  expect(text).toContain('events_total{verdict="ok"} 2');
  expect(text).toContain('events_total{verdict="a\\"b\\\\c\\n"} 1');
  expect(text).toContain('answer_seconds_bucket{le="0.00025"} 0');
  expect(text).toContain('answer_seconds_bucket{le="0.0005"} 1');
  expect(text).toContain('answer_seconds_bucket{le="+Inf"} 2');
  expect(text).toContain("answer_seconds_sum 20.0004");
  expect(text).toContain("# TYPE queue_bytes gauge\nqueue_bytes 7");
});

test("label sets are bounded: further ones are counted together", () => {
  const meter = new Meter();
  const events = meter.counter("events_total", "Events.");
  for (let i = 0; i < 1_500; i++) events(1, { id: String(i) });
  const lines = meter
    .text()
    .split("\n")
    .filter((line) => line.startsWith("events_total{"));
  expect(lines.length).toBeLessThanOrEqual(1_001);
  expect(lines.at(-1)).toBe('events_total{other="true"} 500');
});
