/**
 * Bytes of a request become text: unpacked by what Content-Encoding says or the first bytes show, capped while
 * they inflate (158 bytes can become 100 MB), whatever the Content-Type claims. Throws coded errors alone.
 */
import { promisify } from "node:util";
import { gunzip, gunzipSync, inflate, inflateRaw, inflateRawSync, inflateSync } from "node:zlib";
import { CodedError } from "@attune/protocol";

const unpackers = {
  gzip: { now: gunzipSync, later: promisify(gunzip) },
  zlib: { now: inflateSync, later: promisify(inflate) },
  raw: { now: inflateRawSync, later: promisify(inflateRaw) },
};
type Packing = keyof typeof unpackers;

/** Up to this size unpacking at once costs less than a trip to the thread pool. */
const atOnceBytesMax = 16_384;

export async function textOf(
  bytes: Buffer,
  encoding: string | undefined,
  bytesMax: number,
): Promise<string> {
  const packing = packingOf(bytes, encoding);
  const plain = packing === undefined ? bytes : await unpack(bytes, packing, bytesMax);
  const text = plain.toString("utf8");
  return text.charCodeAt(0) === 0xfeff ? text.slice(1) : text;
}

/** How a body is packed. Two packings on top of each other, and those that inflate without end, are refused. */
export function packingOf(head: Uint8Array, encoding: string | undefined): Packing | undefined {
  const isGzip = head[0] === 0x1f && head[1] === 0x8b;
  switch (encoding?.trim().toLowerCase() ?? "") {
    case "":
    case "identity":
      // Some clients pack without saying so; JSON never begins like this.
      return isGzip ? "gzip" : undefined;
    case "gzip":
    case "x-gzip":
      return "gzip";
    case "deflate":
      // The name stands for zlib's format, but some senders leave its two bytes of header out.
      return head.length >= 2 && (head[0]! & 15) === 8 && ((head[0]! << 8) | head[1]!) % 31 === 0
        ? "zlib"
        : "raw";
    default:
      throw new CodedError(
        "encoding_unsupported",
        `Content-Encoding is ${encoding}; give gzip or deflate.`,
      );
  }
}

async function unpack(bytes: Buffer, packing: Packing, bytesMax: number): Promise<Buffer> {
  const { now, later } = unpackers[packing];
  const options = { maxOutputLength: bytesMax };
  try {
    return bytes.length <= atOnceBytesMax ? now(bytes, options) : await later(bytes, options);
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === "ERR_BUFFER_TOO_LARGE") throw tooLarge(bytesMax);
    const message = `The body is no whole ${packing === "raw" ? "deflate" : packing} stream.`;
    throw new CodedError("batch_invalid", message, { cause });
  }
}

export function tooLarge(bytesMax: number): CodedError {
  return new CodedError("body_too_large", `The body is larger than batchBytesMax ${bytesMax}.`);
}
