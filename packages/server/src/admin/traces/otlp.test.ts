import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { expect, onTestFinished, test } from "vitest";
import { OtlpExporter, otlpOf, queueSpansMax, type Span } from "./otlp.ts";

const resource = { "service.name": "test" };
const span = (name: string): Span => ({
  traceId: "0af7651916cd43dd8448eb211c80319c",
  spanId: "b7ad6b7169203331",
  name,
  kind: "internal",
  startMs: 1_750_000_000_000.25,
  endMs: 1_750_000_000_001,
  attributes: { text: "a", count: 3, share: 0.5, yes: true },
});

/** Answers with these statuses, then with 200; resolves what it took once `count` spans are there. */
async function collector(statuses: number[]) {
  const names: string[] = [];
  let told = (): void => undefined;
  const take = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    let text = "";
    for await (const chunk of request.setEncoding("utf8")) text += chunk as string;
    const status = statuses.shift() ?? 200;
    const { resourceSpans } = JSON.parse(text) as ReturnType<typeof otlpOf>;
    if (status === 200) names.push(...resourceSpans[0]!.scopeSpans[0]!.spans.map((s) => s.name));
    response.writeHead(status).end();
    told();
  };
  const server = createServer((request, response) => void take(request, response));
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  onTestFinished(() => void server.close());
  const { port } = server.address() as AddressInfo;
  const taken = async (count: number): Promise<string[]> => {
    while (names.length < count) await new Promise<void>((resolve) => (told = resolve));
    return names;
  };
  return { url: new URL(`http://127.0.0.1:${port}/v1/traces`), names, taken };
}

test("a span is written as the protocol has it: ids in hex, times in nanoseconds as text, typed values", () => {
  const [found] = otlpOf([span("s")], resource).resourceSpans[0]!.scopeSpans[0]!.spans;
  expect(found).toMatchObject({
    traceId: "0af7651916cd43dd8448eb211c80319c",
    parentSpanId: "",
    kind: 1,
    startTimeUnixNano: "1750000000000250000",
    endTimeUnixNano: "1750000000001000000",
    status: {},
  });
  expect(found!.attributes).toEqual([
    { key: "text", value: { stringValue: "a" } },
    { key: "count", value: { intValue: "3" } },
    { key: "share", value: { doubleValue: 0.5 } },
    { key: "yes", value: { boolValue: true } },
  ]);
});

test("what a busy collector refused is sent again, once each, and its absence is told once", async () => {
  const { url, taken } = await collector([503, 429]);
  const states: (string | undefined)[] = [];
  const onState = (failure: string | undefined): void => void states.push(failure);
  const exporter = new OtlpExporter({ url, resource, onState, everyMs: 1 });
  for (const name of ["a", "b", "c"]) exporter.add(span(name));
  expect(await taken(3)).toEqual(["a", "b", "c"]);
  await exporter.close();
  expect([exporter.sent, exporter.dropped]).toEqual([3, 0]);
  expect(states).toEqual([expect.stringContaining("503"), undefined]);
});

test("what a collector says is wrong is not sent again", async () => {
  const { url, names } = await collector([400]);
  const exporter = new OtlpExporter({ url, resource });
  exporter.add(span("a"));
  await exporter.close();
  exporter.add(span("b"));
  await exporter.close();
  expect(names).toEqual(["b"]);
  expect([exporter.sent, exporter.dropped]).toEqual([1, 1]);
});

test("queueSpansMax is the limit, and a collector that is not there costs the spans alone", async () => {
  const exporter = new OtlpExporter({ url: new URL("http://127.0.0.1:1/v1/traces"), resource });
  for (let i = 0; i < queueSpansMax; i++) exporter.add(span("s"));
  expect(exporter.dropped).toBe(0);
  exporter.add(span("one too many"));
  expect(exporter.dropped).toBe(1);
  await exporter.close();
  expect([exporter.sent, exporter.dropped]).toEqual([0, queueSpansMax + 1]);
});
