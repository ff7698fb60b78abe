/** A span for every HTTP request that is recorded. Adds its hooks only where traces are configured. */
import type { FastifyInstance } from "fastify";
import type { Trace, Traces } from "./traces.ts";

/** Must be called before any route is added. Returns the trace of a raw request, if it has one. */
export function traceRequests(
  app: FastifyInstance,
  traces: Traces,
): (request: object) => Trace | undefined {
  const found = new WeakMap<object, Trace>();
  app.addHook("onRequest", (request, _reply, done) => {
    const trace = traces.begin(request.headers);
    if (trace !== undefined) found.set(request.raw, trace);
    done();
  });
  app.addHook("onResponse", (request, reply, done) => {
    const trace = found.get(request.raw);
    if (trace !== undefined) {
      // The route and not the path, in which ids of people and keys stand.
      const route = request.routeOptions.url ?? "";
      const { method } = request;
      const { statusCode } = reply;
      const attributes = {
        "http.request.method": method,
        "http.route": route,
        "http.response.status_code": statusCode,
      };
      trace.end(`${method} ${route}`.trim(), traces.now(), attributes, statusCode >= 500);
    }
    done();
  });
  return (request) => found.get(request);
}
