import "../access/route.ts";
import type { FastifyInstance, FastifyRequest } from "fastify";
import { type Static, Type } from "typebox";
import { CodedError, type PlaylistContent, type PlaylistTrack } from "@attune/protocol";
import { assertCallerScope, type Caller, readableUser } from "../access/caller.ts";
import type { RecommendationParts } from "./recommendations.ts";

/**
 * Playlists as objects of their person: PUT, GET and DELETE /v1/playlists/{id}. Each change is a record of that
 * person, so a forgetting takes them along. One that evolves keeps its tracks in their places and is filled,
 * each time it is read, with an answer of its placement that goes on from them.
 */
export interface PlaylistParts extends Pick<
  RecommendationParts,
  "authenticate" | "now" | "subjectOf" | "recommend" | "itemOf"
> {
  /** Those of a person, once everything acknowledged is in. */
  playlists(tenant: number, subject: string): Promise<ReadonlyMap<string, PlaylistContent>>;
  /** Resolves when that is durable and folded, with its position; without a content the playlist goes. */
  keepPlaylist(
    tenant: number,
    owner: Owner,
    playlist: string,
    content: PlaylistContent | undefined,
  ): Promise<string>;
  hasPlacement(tenant: number, name: string): boolean;
  /** Whether the item was taken down: then no list shows it, not even to whom it is pinned. */
  isTakenDown(tenant: number, item: string): boolean;
}

export interface Owner {
  userId: string;
  subject: string;
}

const playlistsMax = 32;
const tracksMax = 100;
const sizeMax = 200;

const Item = Type.String({ minLength: 1, maxLength: 256 });
const Body = Type.Object(
  {
    title: Type.Optional(Type.String({ maxLength: 200 })),
    tracks: Type.Array(
      Type.Object(
        { item: Item, place: Type.Optional(Type.Integer({ minimum: 0, maximum: sizeMax - 1 })) },
        { additionalProperties: false },
      ),
      { maxItems: tracksMax, description: "Without a place a track comes right after the last." },
    ),
    evolving: Type.Optional(
      Type.Object(
        {
          placement: Type.Optional(Type.String({ minLength: 1, maxLength: 64 })),
          size: Type.Integer({ minimum: 1, maximum: sizeMax }),
        },
        { additionalProperties: false },
      ),
    ),
  },
  { additionalProperties: false },
);
const Params = Type.Object({ id: Type.String({ minLength: 1, maxLength: 64 }) });
const Whose = Type.Object(
  { userId: Type.Optional(Type.String({ minLength: 1, maxLength: 256 })) },
  { additionalProperties: false },
);
const anything = Type.Object({}, { additionalProperties: true });
type Route = {
  Params: Static<typeof Params>;
  Querystring: Static<typeof Whose>;
  Body: Static<typeof Body>;
};
type Asked = FastifyRequest<{ Querystring: Static<typeof Whose> }>;

const tags = ["playlists"];
const response = { 200: anything };

export function playlistRoutes(app: FastifyInstance, parts: PlaylistParts): void {
  writeRoutes(app, parts);
  app.get<Pick<Route, "Querystring">>(
    "/v1/playlists",
    { schema: { summary: "The playlists of a person", tags, querystring: Whose, response } },
    async (request) => {
      const { caller, owner } = await ownerOf(parts, request, "read");
      const playlists = await parts.playlists(caller.tenant, owner.subject);
      const ids = [...playlists.keys()].sort();
      return { playlists: ids.map((id) => ({ id, ...playlists.get(id) })) };
    },
  );
  app.get<Route>(
    "/v1/playlists/:id",
    {
      schema: {
        summary: "A playlist with what it holds now",
        tags,
        params: Params,
        querystring: Whose,
        response,
      },
    },
    async (request) => {
      const { caller, owner } = await ownerOf(parts, request, "read");
      const { id } = request.params;
      const known = (await parts.playlists(caller.tenant, owner.subject)).get(id);
      if (known === undefined) throw new CodedError("not_found", "There is no such playlist.");
      return { id, ...known, ...(await filled(parts, caller.tenant, owner.subject, id, known)) };
    },
  );
}

function writeRoutes(app: FastifyInstance, parts: PlaylistParts): void {
  app.put<Route>(
    "/v1/playlists/:id",
    {
      schema: {
        summary: "Write a playlist, whole",
        tags,
        params: Params,
        querystring: Whose,
        body: Body,
        response,
      },
    },
    async (request) => {
      const { caller, owner } = await ownerOf(parts, request, "write");
      const id = request.params.id.toWellFormed();
      const content = contentOf(parts, caller.tenant, request.body);
      const known = await parts.playlists(caller.tenant, owner.subject);
      if (!known.has(id) && known.size >= playlistsMax)
        throw invalid("id", `a person has at most ${playlistsMax} playlists`);
      const position = await parts.keepPlaylist(caller.tenant, owner, id, content);
      return { id, ...content, position };
    },
  );
  app.delete<Route>(
    "/v1/playlists/:id",
    {
      schema: {
        summary: "Take a playlist away",
        tags,
        params: Params,
        querystring: Whose,
        response,
      },
    },
    async (request) => {
      const { caller, owner } = await ownerOf(parts, request, "write");
      const { id } = request.params;
      if (!(await parts.playlists(caller.tenant, owner.subject)).has(id))
        throw new CodedError("not_found", "There is no such playlist.");
      return { position: await parts.keepPlaylist(caller.tenant, owner, id, undefined) };
    },
  );
}

/** A user token is its own user's; a key of a server says whose playlist it means, and may write with its scope. */
async function ownerOf(
  parts: PlaylistParts,
  request: Asked,
  aim: "read" | "write",
): Promise<{ caller: Caller; owner: Owner }> {
  const caller = await parts.authenticate(request);
  if (aim === "write" && caller.kind !== "user") assertCallerScope(caller, "users");
  const userId = readableUser(caller, request.query.userId);
  const subject = userId === undefined ? undefined : parts.subjectOf(caller.tenant, { userId });
  if (userId === undefined || subject === undefined)
    throw invalid("userId", "say whose playlist is meant");
  return { caller, owner: { userId, subject } };
}

function contentOf(parts: PlaylistParts, tenant: number, body: Route["Body"]): PlaylistContent {
  const { title = "", tracks, evolving } = body;
  const placed = placesOf(tracks);
  const last = placed.at(-1)?.place ?? -1;
  if (evolving === undefined) {
    // A list without gaps: only the order of the places counts.
    const inOrder = placed.map(({ item }, place) => ({ item, place }));
    return { title: title.toWellFormed(), tracks: inOrder };
  }
  const { placement = "continue-playlist", size } = evolving;
  if (!parts.hasPlacement(tenant, placement))
    throw invalid("evolving.placement", "there is none of this name");
  if (last >= size) throw invalid("evolving.size", `a track is pinned to place ${last}, beyond it`);
  return { title: title.toWellFormed(), tracks: placed, evolving: { placement, size } };
}

/** Tracks in the order of their places; each item and each place once. */
function placesOf(tracks: Route["Body"]["tracks"]): PlaylistTrack[] {
  const items = new Set<string>();
  const places = new Set<number>();
  let next = 0;
  const placed = tracks.map(({ item: stated, place = next }, i) => {
    const item = stated.toWellFormed();
    if (items.has(item)) throw invalid(`tracks[${i}].item`, "is in the list already");
    if (places.has(place)) throw invalid(`tracks[${i}].place`, "is taken by another track");
    items.add(item);
    places.add(place);
    next = place + 1;
    return { item, place };
  });
  return placed.sort((a, b) => a.place - b.place);
}

/** What stands in the list now, place by place. What was filled in is a logged decision. */
async function filled(
  parts: PlaylistParts,
  tenant: number,
  subject: string,
  playlist: string,
  { tracks, evolving }: PlaylistContent,
) {
  const entryOf = (item: string, rest: object): object => ({
    id: item,
    ...rest,
    item: parts.itemOf(tenant, item),
  });
  const shown = tracks.filter(({ item }) => !parts.isTakenDown(tenant, item));
  const pinned = new Map(shown.map(({ item, place }) => [place, entryOf(item, { pinned: true })]));
  const left = (evolving?.size ?? 0) - shown.length;
  if (evolving === undefined || left <= 0) return { items: [...pinned.values()] };
  const { placement, size } = evolving;
  const exclude = tracks.map(({ item }) => item);
  const request = { placement, limit: left, now: parts.now(), playlist, exclude };
  const answer = await parts.recommend(tenant, subject, request, {});
  const rest = answer.items.map(({ item, score, reasons }) =>
    entryOf(item, { pinned: false, score, reasons }),
  );
  const items: object[] = [];
  for (let place = 0; place < size; place++) {
    const entry = pinned.get(place) ?? rest.shift();
    if (entry !== undefined) items.push(entry);
  }
  return { items, decisionId: answer.decisionId, position: answer.position };
}

function invalid(field: string, message: string): CodedError {
  return new CodedError("request_invalid", `${field}: ${message}.`);
}
