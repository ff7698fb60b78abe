/**
 * Every stable code that an answer, a verdict or a command can carry, once: its HTTP status and what the
 * caller should do about it. The page docs/reference/errors.md is made from this table. A retired code is
 * never used again. Status 200 is a verdict about one event inside an answer that was taken.
 */
export const errorTable = {
  batch_invalid: {
    status: 400,
    means: "The body or the line cannot be read as a batch of events.",
    caller: "Mend the JSON or the file; nothing of it was kept.",
  },
  batch_too_long: {
    status: 200,
    means: "The batch holds more events than `batchEventsMax`; this event lies beyond the limit.",
    caller: "Send the rest in another batch; the events before the limit were kept.",
  },
  event_invalid: {
    status: 200,
    means: "A field of the event is missing or wrong; the verdict names it.",
    caller: "Mend the field; the good neighbours were kept.",
  },
  event_too_large: {
    status: 200,
    means:
      "The event is larger than `eventBytesMax`, or has more keys, depth or text than the limits.",
    caller: "Send less; the verdict names the limit and the good neighbours were kept.",
  },
  json_invalid: {
    status: 200,
    means: "The event is no JSON object.",
    caller: "Mend the event; the good neighbours were kept.",
  },
  line_invalid: {
    status: 200,
    means: "A line of an imported file does not have the columns that its header or map promises.",
    caller: "Mend the line or the column map and import the file again; the good lines were kept.",
  },
  item_invalid: {
    status: 200,
    means: "An item is no JSON object, has no usable `id`, or is larger than `itemLineBytesMax`.",
    caller: "Mend the item; the good ones were kept.",
  },
  stream_too_long: {
    status: 200,
    means: "The stream holds more lines than `itemsPerStreamMax`; what lies beyond was not read.",
    caller: "Send the rest in another stream; the items before the limit were kept.",
  },
  consent_denied: {
    status: 200,
    means: "No purpose is granted for this person and the tenant's policy declares no other basis.",
    caller: "Ask for consent, or declare a basis in the setting that the verdict names.",
  },
  identity_unproven: {
    status: 200,
    means: "The tenant wants signed identities, and this event has only a claimed user id.",
    caller: "Send a user token or an anonymous id beside the user id.",
  },
  erased_event_time: {
    status: 200,
    means: "The person was forgotten at a later time than the event's; it is dropped for ever.",
    caller: "Nothing: this is the promise of an erasure.",
  },
  alias_self: {
    status: 200,
    means: "Warning: both ids of the alias are the same; it was stored without effect.",
    caller: "Nothing; some client libraries do this by themselves.",
  },
  illegal_distinct_id: {
    status: 200,
    means: "Warning: the id is a placeholder such as `null` or `guest`; nothing is merged on it.",
    caller: "Send the person's own id, or an anonymous id made for the device.",
  },
  item_missing: {
    status: 200,
    means: "Warning: an interaction without an item id; it was stored without effect.",
    caller: "Send one of the item fields of docs/reference/mapping.md.",
  },
  message_id_long: {
    status: 200,
    means: "Warning: the message id is longer than 100 characters.",
    caller: "Shorten it; other systems refuse it.",
  },
  time_clamped: {
    status: 200,
    means: "Warning: the event claimed to come from the future; its time of arrival was used.",
    caller: "Mend the clock of the device, or send `sentAt` beside the event's own time.",
  },
  key_invalid: {
    status: 401,
    means: "No tenant has this key.",
    caller: "Stop, and look the key up.",
  },
  not_found: {
    status: 404,
    means: "There is no such user, tenant, document or file, or it is another tenant's.",
    caller: "Stop.",
  },
  request_invalid: {
    status: 400,
    means: "A field of the request is missing or wrong; the message names it.",
    caller: "Mend the field and ask again.",
  },
  permission_denied: {
    status: 403,
    means:
      "The key or token is good, but not for this: a public key reads nothing, a user only their own.",
    caller: "Use a key of the kind that the message names.",
  },
  token_expired: {
    status: 401,
    means: "The user token has expired.",
    caller: "Get a new one from your own server and try again.",
  },
  position_unrecoverable: {
    status: 409,
    means: "The position is of another log, or what stood after it is no longer kept.",
    caller: "Load the present state, then resume from the position it names.",
  },
  shutting_down: {
    status: 503,
    means: "The process is stopping and takes nothing new.",
    caller: "Wait as long as Retry-After says, then try again.",
  },
  body_too_large: {
    status: 413,
    means: "The body is larger than `batchBytesMax`, on the wire or unpacked.",
    caller: "Send smaller batches; nothing of it was kept.",
  },
  encoding_unsupported: {
    status: 415,
    means:
      "The body is packed in a way that is not taken, or is not what its Content-Encoding says.",
    caller: "Send it plain, or packed once with gzip or deflate.",
  },
  rate_limited: {
    status: 429,
    means: "More was asked than the limits allow.",
    caller: "Wait as long as Retry-After says, with jitter, then send the same again.",
  },
  log_unavailable: {
    status: 503,
    means: "The disk refused: nothing is acknowledged until the process has read its log back.",
    caller: "Look at the disk, start again, send the same again.",
  },
  log_corrupt: {
    status: 503,
    means: "A stored commit fails its checksum or is missing.",
    caller: "Restore the newest backup; `verify` names the commit.",
  },
  option_invalid: {
    status: 400,
    means: "An option or argument of a command is unknown, missing or wrong.",
    caller: "Mend it as the message says; `--help` lists all of them.",
  },
  setting_invalid: {
    status: 400,
    means: "A setting is unknown or has a value it cannot have.",
    caller: "Mend it as the message says; docs/reference/settings.md lists all of them.",
  },
  data_in_use: {
    status: 409,
    means: "Another process has the data directory open, and a log has one writer.",
    caller: "Stop the other process, or name another directory.",
  },
  address_in_use: {
    status: 409,
    means: "Something else listens on the address that the server was to listen on.",
    caller: "Stop it, or choose another port: `ATTUNE_PORT=4001`, or 0 for a free one.",
  },
  data_invalid: {
    status: 409,
    means: "The data directory or the backup is not what it says it is.",
    caller: "Name the right directory, or restore a backup into an empty one.",
  },
  digest_mismatch: {
    status: 409,
    means: "State and sums are not what a replay of the log gives.",
    caller: "Report it: this is a fault of ours. Keep the log; it is the truth.",
  },
} as const satisfies Record<string, ErrorRow>;

export interface ErrorRow {
  status: number;
  means: string;
  caller: string;
}

export type ErrorCode = keyof typeof errorTable;

/** A refusal with a code of the table. The message says what is wrong and how to mend it. */
export class CodedError extends Error {
  readonly code: ErrorCode;
  constructor(code: ErrorCode, message: string, options?: { cause?: unknown }) {
    super(message);
    if (options?.cause !== undefined) this.cause = options.cause;
    this.name = "CodedError";
    this.code = code;
  }
}
