/**
 * Which partition a record belongs to: Kafka's murmur2 of "tenant/subject" in UTF-8, so that every client
 * that hashes keys agrees. Nobody's records belong to all partitions.
 */
import { assert } from "../base/assert.ts";
import { murmur2 } from "../base/murmur2.ts";
import { everyPartition, nobody } from "../base/record.ts";
import { utf8Encode } from "../base/text.ts";

export function partitionOf(tenant: number, subject: string, partitions: number): number {
  assert(partitions > 0 && partitions < everyPartition, "partitions out of range");
  if (subject === nobody) return everyPartition;
  return (murmur2(utf8Encode(`${tenant}/${subject}`)) & 0x7fffffff) % partitions;
}
