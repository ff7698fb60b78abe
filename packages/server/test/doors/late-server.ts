/**
 * A server with a planted fault, to show that a test would find it: it acknowledges a person's event at once and
 * appends it only when that person's next one comes, so every answer in between knows one event too few.
 */
import { readConfig } from "../../src/config.ts";
import type { RecordInput } from "../../src/base/record.ts";
import { serve } from "../../src/doors.ts";

const [, , , port = "0", , data = ""] = process.argv;
const server = await serve(readConfig({}, { data, port, logLevel: "silent" }), {
  register: (_app, { attune }) => {
    const { engine } = attune;
    const held = new Map<string, readonly RecordInput[]>();
    const append = engine.append.bind(engine);
    engine.append = async (records) => {
      const subject = records[0]!.subject;
      // Clock and policy are nobody's: they go their way.
      if (records[0]!.kind !== "event") return append(records);
      const before = held.get(subject);
      held.set(subject, records);
      if (before !== undefined) await append(before);
      const results = records.map(() => "appended" as const);
      return { position: engine.position(), seq: engine.seq, results };
    };
  },
});
process.stdout.write(`${JSON.stringify({ url: server.url, keys: server.keys }, undefined, 1)}\n`);
process.once("SIGTERM", () => void server.close().then(() => process.exit()));
