import type { FastifyInstance } from "fastify";
import { originRule } from "../access/origins.ts";
import { allowPages } from "./cors.ts";
import { type PlaylistParts, playlistRoutes } from "./playlists.ts";
import { type RecommendationParts, recommendationRoutes } from "./recommendations.ts";
import { type StreamParts, streamRoutes } from "./stream.ts";
import { type UserParts, userRoutes } from "./users.ts";

export interface ServeParts extends RecommendationParts, UserParts, PlaylistParts, StreamParts {
  /** Origins of browser pages that may ask beside the server's own; `*` allows all. */
  origins?: readonly string[] | undefined;
}

/** The read door: answers, people and their playlists, and the stream of everything. */
export function serveDoor(app: FastifyInstance, parts: ServeParts): void {
  app.register(async (scope) => {
    const routes = ["/v1/recommendations", "/v1/users/*", "/v1/playlists", "/v1/playlists/*"];
    allowPages(scope, originRule(parts.origins ?? []), routes);
    recommendationRoutes(scope, parts);
    userRoutes(scope, parts);
    playlistRoutes(scope, parts);
  });
  streamRoutes(app, parts);
}
