/**
 * The one place where the environment and the flags of a command are read: once, into a frozen object that
 * hands every room its own slice. Each setting has its unit in its name, a default and bounds; a value that
 * does not fit, or a setting nobody knows, is an error that says how to mend it.
 */
import { CodedError, product } from "@attune/protocol";
import { nearest } from "./base/nearest.ts";

interface TextSetting {
  kind: "text";
  default: string;
  room: string;
  means: string;
}

interface IntegerSetting {
  kind: "integer";
  default: number;
  min: number;
  max: number;
  room: string;
  means: string;
}

export const settings = {
  data: {
    kind: "text",
    default: "./.attune",
    room: "main",
    means: "Directory of the log, the states and the tenants' keys.",
  },
  host: {
    kind: "text",
    default: "127.0.0.1",
    room: "main",
    means: "Address that `serve` listens on.",
  },
  port: {
    kind: "integer",
    default: 4_000,
    min: 0,
    max: 65_535,
    room: "main",
    means: "Port that `serve` listens on; 0 takes a free one.",
  },
  mode: {
    kind: "text",
    default: "development",
    room: "main",
    means:
      "`development` makes a tenant and keys by itself and shows them; `production` refuses both.",
  },
  logLevel: {
    kind: "text",
    default: "warn",
    room: "main",
    means: "Least severity that `serve` logs: debug, info, warn, error or silent.",
  },
  publicUrl: {
    kind: "text",
    default: "none",
    room: "main",
    means:
      "Address that clients reach this server by, such as `https://attune.example`, where a proxy stands before it; `none` takes it from each request.",
  },
  origins: {
    kind: "text",
    default: "none",
    room: "main",
    means:
      "Origins (with commas) of pages that may listen and read with user tokens, beside the server's own; `*` allows all. Events come in from pages of any origin.",
  },
  trustedProxies: {
    kind: "text",
    default: "none",
    room: "main",
    means:
      "Addresses or networks (with commas) of proxies whose `X-Forwarded-For` says who asks, such as `10.0.0.0/8`; `none` believes nobody.",
  },
  traceUrl: {
    kind: "text",
    default: "none",
    room: "main",
    means:
      "Where OpenTelemetry traces go, as OTLP over HTTP in JSON, such as `http://127.0.0.1:4318`; `none` makes none.",
  },
  traceSamplePermille: {
    kind: "integer",
    default: 10,
    min: 0,
    max: 1_000,
    room: "main",
    means: "Of a thousand requests without a `traceparent`, so many are traced.",
  },
  tracesPerS: {
    kind: "integer",
    default: 100,
    min: 1,
    max: 100_000,
    room: "main",
    means: "Most traces a second, those that a `traceparent` asks for included.",
  },
  closeMsMax: {
    kind: "integer",
    default: 10_000,
    min: 0,
    max: 600_000,
    room: "main",
    means: "How long a stop waits for requests under way, in ms.",
  },
  eventBytesMax: {
    kind: "integer",
    default: 32_768,
    min: 1_024,
    max: 262_144,
    room: "ingest",
    means: "Largest event, in bytes of UTF-8 after decoding.",
  },
  batchBytesMax: {
    kind: "integer",
    default: 4_194_304,
    min: 65_536,
    max: 67_108_864,
    room: "ingest",
    means: "Largest batch, in bytes, on the wire and decoded.",
  },
  batchEventsMax: {
    kind: "integer",
    default: 2_500,
    min: 1,
    max: 100_000,
    room: "ingest",
    means: "Most events in one batch; those beyond it are dropped one by one.",
  },
  jsonDepthMax: {
    kind: "integer",
    default: 32,
    min: 4,
    max: 256,
    room: "ingest",
    means: "Deepest nesting of an event.",
  },
  jsonKeysMax: {
    kind: "integer",
    default: 1_000,
    min: 16,
    max: 100_000,
    room: "ingest",
    means: "Most keys in one event.",
  },
  objectKeysMax: {
    kind: "integer",
    default: 256,
    min: 16,
    max: 100_000,
    room: "ingest",
    means: "Most keys in one object of an event.",
  },
  textBytesMax: {
    kind: "integer",
    default: 8_192,
    min: 256,
    max: 262_144,
    room: "ingest",
    means: "Longest text in an event, in bytes of UTF-8.",
  },
  idBytesMax: {
    kind: "integer",
    default: 256,
    min: 32,
    max: 1_024,
    room: "ingest",
    means: "Longest user, item or message id and longest key, in bytes of UTF-8.",
  },
  futureSkewMsMax: {
    kind: "integer",
    default: 300_000,
    min: 0,
    max: 86_400_000,
    room: "ingest",
    means: "How far in the future an event may lie before its time of arrival is used, in ms.",
  },
  itemLineBytesMax: {
    kind: "integer",
    default: 65_536,
    min: 1_024,
    max: 1_048_576,
    room: "ingest",
    means: "Largest item of the catalogue, in bytes of UTF-8.",
  },
  itemsPerStreamMax: {
    kind: "integer",
    default: 1_000_000,
    min: 1,
    max: 100_000_000,
    room: "ingest",
    means: "Most lines in one `PUT /v1/items`; what lies beyond is not read.",
  },
  ingestQueueBytesMax: {
    kind: "integer",
    default: 8_388_608,
    min: 65_536,
    max: 1_073_741_824,
    room: "ingest",
    means: "Bytes of events under way to the disk, beyond which the write door answers 429.",
  },
  ingestRequestsMax: {
    kind: "integer",
    default: 256,
    min: 1,
    max: 100_000,
    room: "ingest",
    means: "Requests in the write door at once, beyond which it answers 429.",
  },
  refusalDelayMs: {
    kind: "integer",
    default: 250,
    min: 0,
    max: 10_000,
    room: "ingest",
    means: "How long the write door holds a request that finds no room before it answers 429.",
  },
  keyEventsPerS: {
    kind: "integer",
    default: 200_000,
    min: 1,
    max: 100_000_000,
    room: "ingest",
    means: "Events a second of a public key, or of all of a tenant's other keys together.",
  },
  keyEventsBurst: {
    kind: "integer",
    default: 1_000_000,
    min: 1,
    max: 100_000_000,
    room: "ingest",
    means: "Events of a key at once, after a pause.",
  },
  userEventsPerS: {
    kind: "integer",
    default: 100,
    min: 1,
    max: 1_000_000,
    room: "ingest",
    means: "Events a second of one person by way of a public key.",
  },
  userEventsBurst: {
    kind: "integer",
    default: 1_000,
    min: 1,
    max: 1_000_000,
    room: "ingest",
    means: "Events of one person at once by way of a public key, after a pause.",
  },
  addressEventsPerS: {
    kind: "integer",
    default: 2_000,
    min: 1,
    max: 10_000_000,
    room: "ingest",
    means: "Events a second of one address by way of public keys.",
  },
  addressEventsBurst: {
    kind: "integer",
    default: 20_000,
    min: 1,
    max: 10_000_000,
    room: "ingest",
    means: "Events of one address at once by way of public keys, after a pause.",
  },
  deadLettersMax: {
    kind: "integer",
    default: 10_000,
    min: 0,
    max: 10_000_000,
    room: "ingest",
    means: "Refused events that are kept of a tenant; beyond it the oldest go.",
  },
  deadLetterDays: {
    kind: "integer",
    default: 30,
    min: 1,
    max: 3_650,
    room: "ingest",
    means: "How long a refused event is kept, in days.",
  },
  partitions: {
    kind: "integer",
    default: 64,
    min: 1,
    max: 1_024,
    room: "log",
    means: "Partitions of a new log; an existing one opens only with the number it was made with.",
  },
  dedupeWindowDays: {
    kind: "integer",
    default: 7,
    min: 1,
    max: 30,
    room: "log",
    means: "How long a message id is remembered, in days.",
  },
  commitBytesMax: {
    kind: "integer",
    default: 4_194_304,
    min: 65_536,
    max: 67_108_864,
    room: "log",
    means: "A commit takes no further batch beyond this, in bytes; one batch alone may be larger.",
  },
  hotUsersMax: {
    kind: "integer",
    default: 50_000,
    min: 1,
    max: 10_000_000,
    room: "engine",
    means: "Most users decoded in memory between checkpoints.",
  },
  decisionDelayMsMax: {
    kind: "integer",
    default: 5,
    min: 0,
    max: 1_000,
    room: "engine",
    means:
      "How long a decision, which no answer waits for, may wait to share a commit; a crash loses it.",
  },
  shadowDecisionsPerSMax: {
    kind: "integer",
    default: 25,
    min: 0,
    max: 100_000,
    room: "engine",
    means:
      "Most rows a second that the ranker learns from people who act without a list; 0 learns nothing from them.",
  },
  rankThreads: {
    kind: "integer",
    default: 1,
    min: 0,
    max: 64,
    room: "engine",
    means:
      "Threads that make answers over HTTP, each with sums of its own; 0 makes them on the thread that serves.",
  },
  easeCorePermille: {
    kind: "integer",
    default: 50,
    min: 0,
    max: 1_000,
    room: "engine",
    means:
      "Part of one core that may go into solving long-term taste (EASE), in permille; 0 answers from the counts alone. It takes a second copy of the counts of what people like together, up to 100 MB while it solves and up to 17 MB for a tenant's newest view.",
  },
  importBatchEvents: {
    kind: "integer",
    default: 500,
    min: 1,
    max: 2_500,
    room: "cli",
    means: "Events that `import` appends at once.",
  },
  importSortBytesMax: {
    kind: "integer",
    default: 536_870_912,
    min: 0,
    max: 2_147_483_647,
    room: "cli",
    means: "Largest file, unpacked, that `import` puts in the order of time first, in bytes.",
  },
  importBatchesInFlightMax: {
    kind: "integer",
    default: 4,
    min: 1,
    max: 64,
    room: "cli",
    means: "Batches of `import` that may wait for the disk at the same time.",
  },
} as const satisfies Record<string, TextSetting | IntegerSetting>;

export type SettingName = keyof typeof settings;

type ValueOf<S> = S extends { kind: "integer" } ? number : string;
export type Config = { readonly [K in SettingName]: ValueOf<(typeof settings)[K]> };

/** Names under our prefix that are not settings: the test runner's seed, read by the tests alone. */
const foreign = new Set([`${product.environment}_SEED`]);

/** `eventBytesMax` is ATTUNE_EVENT_BYTES_MAX in the environment. */
export function variableOf(name: string): string {
  return `${product.environment}_${name.replace(/[A-Z]/g, (letter) => `_${letter}`).toUpperCase()}`;
}

/**
 * Reads all settings: the environment first, then `given` (the flags of a command: name -> text), which wins.
 * Throws a CodedError `setting_invalid` that names the setting and the fix.
 */
export function readConfig(
  environment: Readonly<Record<string, string | undefined>>,
  given: Readonly<Record<string, string>> = {},
): Config {
  const names = Object.keys(settings) as SettingName[];
  const byVariable = new Map(names.map((name) => [variableOf(name), name]));
  const values: Record<string, number | string> = {};
  for (const name of names) values[name] = settings[name].default;
  for (const [variable, text] of Object.entries(environment)) {
    if (!variable.startsWith(`${product.environment}_`) || foreign.has(variable)) continue;
    const name = byVariable.get(variable);
    if (name === undefined) throw unknown(variable, [...byVariable.keys()]);
    values[name] = parse(name, variable, text ?? "");
  }
  for (const [name, text] of Object.entries(given)) {
    if (!isSetting(name)) throw unknown(name, names);
    values[name] = parse(name, name, text);
  }
  return Object.freeze(values) as Config;
}

function isSetting(name: string): name is SettingName {
  return Object.hasOwn(settings, name);
}

function parse(name: SettingName, shown: string, text: string): number | string {
  const setting: TextSetting | IntegerSetting = settings[name];
  if (setting.kind === "text") {
    if (text.trim() !== "") return text;
    throw new CodedError(
      "setting_invalid",
      `${shown} is empty; leave it out to get ${setting.default}`,
    );
  }
  const value = /^\d{1,15}$/.test(text.trim().replaceAll("_", ""))
    ? Number(text.trim().replaceAll("_", ""))
    : NaN;
  if (value >= setting.min && value <= setting.max) return value;
  const range = `a whole number from ${setting.min} to ${setting.max}`;
  throw new CodedError(
    "setting_invalid",
    `${shown} is ${JSON.stringify(text)}; give ${range} (default ${setting.default}). ${setting.means}`,
  );
}

function unknown(name: string, known: readonly string[]): CodedError {
  const near = nearest(name, known);
  const hint = near === undefined ? "" : `; did you mean ${near}?`;
  return new CodedError(
    "setting_invalid",
    `There is no setting ${name}${hint} docs/reference/settings.md lists all of them.`,
  );
}

/** What a text setting lists with commas; `none` is nothing. */
export function listOf(text: string): string[] {
  if (text.trim() === "none") return [];
  return text
    .split(",")
    .map((part) => part.trim())
    .filter((part) => part !== "");
}

/** The slice of each room: a room gets what is its own and nothing else. */
export function slices(config: Config) {
  const pick = <K extends SettingName>(...names: K[]): Pick<Config, K> =>
    Object.freeze(Object.fromEntries(names.map((name) => [name, config[name]]))) as Pick<Config, K>;
  return Object.freeze({
    ingest: pick(
      "eventBytesMax",
      "batchBytesMax",
      "batchEventsMax",
      "jsonDepthMax",
      "jsonKeysMax",
      "objectKeysMax",
      "textBytesMax",
      "idBytesMax",
      "futureSkewMsMax",
    ),
    door: pick(
      "itemLineBytesMax",
      "itemsPerStreamMax",
      "ingestQueueBytesMax",
      "ingestRequestsMax",
      "refusalDelayMs",
      "keyEventsPerS",
      "keyEventsBurst",
      "userEventsPerS",
      "userEventsBurst",
      "addressEventsPerS",
      "addressEventsBurst",
    ),
    deadLetters: pick("deadLettersMax", "deadLetterDays"),
    log: pick("partitions", "dedupeWindowDays", "commitBytesMax"),
    engine: pick("hotUsersMax", "decisionDelayMsMax", "shadowDecisionsPerSMax", "easeCorePermille"),
    import: pick("importBatchEvents", "importBatchesInFlightMax", "importSortBytesMax"),
  });
}
