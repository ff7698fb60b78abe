import { hash } from "node:crypto";

/** First 128 bits of SHA-256 of a message id, as 32 hex digits: what deduplication compares. */
export function messageHash(messageId: string): string {
  return hash("sha256", messageId, "hex").slice(0, 32);
}
