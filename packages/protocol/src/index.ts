export * from "./event.ts";
export * from "./recommendation.ts";
