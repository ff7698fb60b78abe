export * from "./error.ts";
export * from "./event.ts";
export * from "./product.ts";
export * from "./push.ts";
export * from "./recommendation.ts";
