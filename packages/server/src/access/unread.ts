import type { FastifyError, FastifyReply } from "fastify";

/**
 * For the reply to a body that is too large: its connection stays open, and what is left of the body is read and
 * dropped. Fastify would close it, and a client that is still writing then sees a broken pipe where the verdict was:
 * stock clients send such a body again for ever. The server's `requestTimeout` bounds how long anybody may send.
 */
export function readToTheEnd(error: FastifyError, reply: FastifyReply): void {
  if (error.code === "FST_ERR_CTP_BODY_TOO_LARGE") reply.removeHeader("connection");
}
