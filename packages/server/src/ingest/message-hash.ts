import { createHash } from "node:crypto";

/** First 128 bits of SHA-256 of a message id, as 32 hex digits: what deduplication compares. */
export function messageHash(messageId: string): string {
  return createHash("sha256").update(messageId).digest("hex").slice(0, 32);
}
