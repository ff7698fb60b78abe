import type { FastifyInstance } from "fastify";
import { type RecommendationParts, recommendationRoutes } from "./recommendations.ts";
import { type StreamParts, streamRoutes } from "./stream.ts";
import { type UserParts, userRoutes } from "./users.ts";

export interface ServeParts extends RecommendationParts, UserParts, StreamParts {}

/** The read door: answers, people, and the stream of everything. */
export function serveDoor(app: FastifyInstance, parts: ServeParts): void {
  recommendationRoutes(app, parts);
  userRoutes(app, parts);
  streamRoutes(app, parts);
}
