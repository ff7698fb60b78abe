/**
 * The numbers of the live channel: why a socket was closed, a channel left, a command refused. They are those
 * of the Centrifugo client protocol, whose ranges tell a client whether to come back: a close code of
 * 3000-3499 or 4000-4499 reconnects, 3500-3999 and 4500-4999 stay away; an unsubscribe code from 2500 on
 * subscribes again.
 */
export interface Code {
  readonly code: number;
  readonly reason: string;
}

const code = (number: number, reason: string): Code => Object.freeze({ code: number, reason });

/** Why a connection ends. */
export const closes = {
  shutdown: code(3001, "shutdown"),
  serverError: code(3004, "internal server error"),
  expired: code(3005, "connection expired"),
  slow: code(3008, "slow"),
  insufficientState: code(3010, "insufficient state"),
  noPong: code(3012, "no pong"),
  tooManyRequests: code(3013, "too many requests"),
  stateInvalidated: code(3014, "state invalidated"),
  invalidToken: code(3500, "invalid token"),
  badRequest: code(3501, "bad request"),
  stale: code(3502, "stale"),
  connectionLimit: code(3504, "connection limit"),
  channelLimit: code(3505, "channel limit"),
  inappropriateProtocol: code(3506, "inappropriate protocol"),
} as const;

/** Why a client-side subscription ends while the connection goes on. */
export const unsubscribes = {
  insufficientState: code(2500, "insufficient state"),
  stateInvalidated: code(2502, "state invalidated"),
} as const;

/** Why a command is refused; a temporary refusal is worth another try. */
export const refusals = {
  internal: { ...code(100, "internal server error"), temporary: true },
  unknownChannel: code(102, "unknown channel"),
  permissionDenied: code(103, "permission denied"),
  methodNotFound: code(104, "method not found"),
  alreadySubscribed: code(105, "already subscribed"),
  limitExceeded: code(106, "limit exceeded"),
  badRequest: code(107, "bad request"),
  tokenExpired: code(109, "token expired"),
  tooManyRequests: { ...code(111, "too many requests"), temporary: true },
  unrecoverablePosition: code(112, "unrecoverable position"),
} as const;

/** A command that cannot be done: its reply carries the code, and the connection goes on. */
export class Refusal extends Error {
  readonly code: number;
  readonly temporary: boolean;
  constructor(refusal: Code & { temporary?: boolean }, detail?: string) {
    super(detail === undefined ? refusal.reason : `${refusal.reason}: ${detail}`);
    this.name = "Refusal";
    this.code = refusal.code;
    this.temporary = refusal.temporary === true;
  }
}

/** A command after which the connection ends. */
export class Disconnect extends Error {
  readonly close: Code;
  constructor(close: Code) {
    super(close.reason);
    this.name = "Disconnect";
    this.close = close;
  }
}
