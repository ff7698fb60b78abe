/**
 * The example's own routes under /player: the page, a token for a visitor, an imported history, the switch of the
 * crowd. Visitors are whoever the page says: this is a demo on one's own machine, and the ids
 * are long random texts; a real application would ask its own login here.
 */
import { readdirSync, readFileSync } from "node:fs";
import { extname, join, relative, sep } from "node:path";
import type { Server } from "../../../packages/server/src/doors.ts";
import type { AttuneClient } from "./attune.ts";
import type { Crowd } from "./crowd.ts";

type App = Server["app"];

export interface PlayerParts {
  attune: AttuneClient;
  crowd: Crowd;
  /** Folder of the built page. */
  page: string;
  /** The catalogue as it is kept. */
  catalogue: string;
}

const tokenTtlS = 600;
/** Listens, and titles, of one part. */
const partMax = 1_000;
const titleUnitsMax = 300;

const visitorPattern = "^visitor-[0-9a-f-]{36}$";
/** Ids of tracks from elsewhere: nobody can overwrite the catalogue's own. */
const foreignPattern = "^(spotify:track:[0-9A-Za-z]{22}|listenbrainz:[0-9a-f-]{8,64})$";

const types: Readonly<Record<string, string>> = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".css": "text/css; charset=utf-8",
  ".svg": "image/svg+xml",
};

const policy = [
  "default-src 'self'",
  "connect-src 'self' ws: wss:",
  "style-src 'self' 'unsafe-inline'",
  "img-src 'self' data:",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join("; ");

export function playerRoutes(app: App, parts: PlayerParts): void {
  pageRoutes(app, parts);
  const { attune, crowd } = parts;
  app.get("/player/setup.json", (_request, reply) =>
    reply.header("Cache-Control", "no-store").send({ writeKey: attune.writeKey }),
  );
  app.post<{ Body: { visitor: string } }>(
    "/player/token",
    { schema: { body: bodyOf({ visitor: { type: "string", pattern: visitorPattern } }) } },
    async (request, reply) => {
      const token = await attune.token(request.body.visitor, tokenTtlS);
      return reply.header("Cache-Control", "no-store").send({ token });
    },
  );
  historyRoute(app, attune);
  app.get("/player/crowd", () => crowd.status());
  app.post<{ Body: { isRunning: boolean } }>(
    "/player/crowd",
    { schema: { body: bodyOf({ isRunning: { type: "boolean" } }) } },
    (request) => {
      crowd.pause(!request.body.isRunning);
      return crowd.status();
    },
  );
}

interface HistoryPart {
  visitor: string;
  /** Titles that were not sent before. */
  items: { id: string; title: string }[];
  plays: { id: string; at: number; isSkipped: boolean }[];
}

/**
 * A part of somebody's listening history: from here and not from the page, since a public key may not send
 * thousands of events of one person at once. Message ids are made of time and track, so a history that is
 * dropped twice counts once.
 */
function historyRoute(app: App, attune: AttuneClient): void {
  const id = { type: "string", pattern: foreignPattern };
  const title = { type: "string", minLength: 1, maxLength: titleUnitsMax };
  const play = bodyOf({ id, at: { type: "integer", minimum: 0 }, isSkipped: { type: "boolean" } });
  const body = bodyOf({
    visitor: { type: "string", pattern: visitorPattern },
    items: { type: "array", maxItems: partMax, items: bodyOf({ id, title }) },
    plays: { type: "array", minItems: 1, maxItems: partMax, items: play },
  });
  app.post<{ Body: HistoryPart }>("/player/history", { schema: { body } }, async (request) => {
    const { visitor, items, plays } = request.body;
    if (items.length > 0)
      await attune.putItems(items.map((each) => ({ ...each, origin: "import" })));
    await attune.batch(
      plays.map(({ id: track, at, isSkipped }) => ({
        type: "track",
        event: isSkipped ? "Song Skipped" : "Track Played",
        userId: visitor,
        messageId: `${visitor} ${at} ${track}`,
        timestamp: new Date(at).toISOString(),
        properties: { track_id: track, origin: "import" },
      })),
    );
    return { taken: plays.length };
  });
}

function bodyOf(properties: Readonly<Record<string, object>>): object {
  const required = Object.keys(properties);
  return { type: "object", required, properties, additionalProperties: false };
}

/** The files are few and small: all are read at the start, so no path from outside ever meets the disk. */
function pageRoutes(app: App, { page, catalogue }: PlayerParts): void {
  const files = new Map(
    readdirSync(page, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name))
      .map((path) => [relative(page, path).replaceAll(sep, "/"), readFileSync(path)]),
  );
  const headersOf = (name: string) => ({
    "Content-Type": types[extname(name)] ?? "application/octet-stream",
    // The build names these by what is in them.
    "Cache-Control": name.startsWith("assets/")
      ? "public, max-age=31536000, immutable"
      : "no-cache",
    "Content-Security-Policy": policy,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
  });
  app.get("/player", (_request, reply) => reply.redirect("/player/"));
  app.get<{ Params: { "*": string } }>("/player/*", (request, reply) => {
    const name = request.params["*"] === "" ? "index.html" : request.params["*"];
    const file = files.get(name);
    return file === undefined ? reply.callNotFound() : reply.headers(headersOf(name)).send(file);
  });
  app.get("/player/tracks.ndjson", (_request, reply) =>
    reply
      .headers({ "Content-Type": "application/x-ndjson", "Cache-Control": "no-cache" })
      .send(catalogue),
  );
}
