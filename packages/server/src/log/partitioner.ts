/**
 * Which partition a record belongs to: Kafka's murmur2 of "tenant/subject" in UTF-8, so that every client
 * that hashes keys agrees. Nobody's records belong to all partitions.
 */
import { assert } from "../base/assert.ts";
import { murmur2 } from "../base/murmur2.ts";
import { everyPartition, nobody } from "../base/record.ts";

/** A tenant has up to 10 digits, a subject 32. */
const scratch = new Uint8Array(64);

export function partitionOf(tenant: number, subject: string, partitions: number): number {
  assert(partitions > 0 && partitions < everyPartition, "partitions out of range");
  if (subject === nobody) return everyPartition;
  assert(subject.length === 32, "subject is not 32 hex digits");
  const length = keyInto(tenant, subject);
  return (murmur2(scratch.subarray(0, length)) & 0x7fffffff) % partitions;
}

/** Digits only, so a loop does; the platform's encoder costs more than the hash. */
function keyInto(tenant: number, subject: string): number {
  const key = `${tenant}/`;
  let at = 0;
  for (; at < key.length; at++) scratch[at] = key.charCodeAt(at);
  for (let i = 0; i < subject.length; i++) scratch[at++] = subject.charCodeAt(i);
  return at;
}
