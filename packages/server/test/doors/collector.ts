/** A collector of OTLP over HTTP, as strict about a request as the protocol is, that keeps what it was sent. */
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { onTestFinished } from "vitest";

export interface CollectedSpan {
  traceId: string;
  spanId: string;
  parentSpanId: string;
  name: string;
  kind: number;
  startTimeUnixNano: string;
  endTimeUnixNano: string;
  attributes: Record<string, string>;
  /** From the resource. */
  service: string;
}

interface KeyValue {
  key: string;
  value: { stringValue?: string; intValue?: string };
}

interface Request {
  resourceSpans: {
    resource: { attributes: KeyValue[] };
    scopeSpans: { spans: (Omit<CollectedSpan, "attributes"> & { attributes: KeyValue[] })[] }[];
  }[];
}

export async function collector(statuses: number[] = []) {
  const spans: CollectedSpan[] = [];
  const bodies: string[] = [];
  const faults: string[] = [];
  const take = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const text = await bodyOf(request);
    bodies.push(text);
    const status = statuses.shift() ?? 200;
    if (status === 200) {
      if (request.method !== "POST" || request.url !== "/v1/traces")
        faults.push(`${request.method} ${request.url}`);
      if (request.headers["content-type"] !== "application/json") faults.push("content type");
      spans.push(...read(JSON.parse(text) as Request, faults));
    }
    response.writeHead(status, { "content-type": "application/json" }).end("{}");
  };
  const server = createServer((request, response) => void take(request, response));
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const { port } = server.address() as AddressInfo;
  return { url: `http://127.0.0.1:${port}`, spans, bodies, faults };
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  let text = "";
  for await (const chunk of request.setEncoding("utf8")) text += chunk as string;
  return text;
}

function read({ resourceSpans }: Request, faults: string[]): CollectedSpan[] {
  return resourceSpans.flatMap(({ resource, scopeSpans }) => {
    const service = valuesOf(resource.attributes)["service.name"] ?? "";
    return scopeSpans.flatMap(({ spans }) =>
      spans.map((span) => {
        if (!/^[0-9a-f]{32}$/.test(span.traceId)) faults.push(`trace id ${span.traceId}`);
        if (!/^[0-9a-f]{16}$/.test(span.spanId)) faults.push(`span id ${span.spanId}`);
        if (!/^([0-9a-f]{16})?$/.test(span.parentSpanId)) faults.push("parent id");
        const [start, end] = [BigInt(span.startTimeUnixNano), BigInt(span.endTimeUnixNano)];
        if (start > end) faults.push(`${span.name} ends before it begins`);
        return { ...span, service, attributes: valuesOf(span.attributes) };
      }),
    );
  });
}

function valuesOf(attributes: readonly KeyValue[]): Record<string, string> {
  return Object.fromEntries(
    attributes.map(({ key, value }) => [key, value.stringValue ?? value.intValue ?? ""]),
  );
}
