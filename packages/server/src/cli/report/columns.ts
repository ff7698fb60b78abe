/**
 * Which column of a stranger's table holds what, by the names that such columns usually have, or as the options
 * say. What is missing is an error that names what was looked for and the option that helps.
 */
import { CodedError, product } from "@attune/protocol";
import type { ColumnMap } from "../../ingest/dialect/csv.ts";
import { defaultMapping, nameKey } from "../../ingest/mapping-table.ts";
import { nearest } from "../../base/nearest.ts";
import { shown } from "../terminal.ts";

export const roles = ["user", "session", "item", "time", "type", "rating"] as const;
export type Role = (typeof roles)[number];
/** Names of columns, as they stand in the header. */
export type Columns = Readonly<Partial<Record<Role, string>>>;

const list = (text: string): string[] => text.split(", ");

/** In any casing, with or without signs, and without a type suffix; the first that is there is taken. */
const usualNames: Readonly<Record<Role, readonly string[]>> = {
  user: [
    ...list("user, userId, uid, userName, customer, customerId, visitor, visitorId, client"),
    ...list("clientId, member, memberId, account, accountId, person, personId, listener"),
    ...list("listenerId, profileId, shopper, shopperId, reader, readerId, anonymousId, deviceId"),
  ],
  session: list("session, sessionId, sid, userSession, visit, visitId"),
  item: [
    ...defaultMapping.itemFields,
    ...list("itemName, product, track, song, article, video, episode, content, movie, movieId"),
    ...list("book, bookId, isbn, asin, listing, listingId, offerId, page, url, trackUri, iid"),
  ],
  time: [
    ...list("time, timestamp, ts, at, datetime, dateTimeUtc, eventTime, eventTimestamp"),
    ...list("created, createdAt, occurredAt, playedAt, viewedAt, clickedAt, unixTime, date, day"),
  ],
  type: list("type, event, eventType, eventName, action, interaction, interactionType, behavior"),
  rating: list("rating, stars"),
};

/** Columns without which there is no report: what is asked for in words. */
const needed = {
  person: "a user, or a session where nobody is known",
  item: "an item",
  time: "a time",
} as const;

const optionOf = { person: "--user COLUMN or --session COLUMN", item: "--item COLUMN" };

/** What the options say stands before what the names say. */
export function columnsOf(names: readonly string[], given: Columns, file: string): Columns {
  const columns: Partial<Record<Role, string>> = {};
  const taken = new Set<string>();
  for (const role of roles) {
    const name = given[role];
    if (name === undefined) continue;
    columns[role] = named(names, name, role, file);
    taken.add(columns[role]);
  }
  for (const role of roles) {
    if (columns[role] !== undefined) continue;
    const usual = usualNames[role].map(nameKey);
    const found = names
      .filter((name) => !taken.has(name))
      .map((name) => ({ name, rank: usual.indexOf(keyOf(name)) }))
      .filter(({ rank }) => rank >= 0)
      .sort((x, y) => x.rank - y.rank)[0];
    if (found === undefined) continue;
    columns[role] = found.name;
    taken.add(found.name);
  }
  if (columns.user === undefined && columns.session === undefined)
    throw missing("person", names, file);
  if (columns.item === undefined) throw missing("item", names, file);
  if (columns.time === undefined) throw missing("time", names, file);
  return columns;
}

/** `User ID:token` is `userid`. */
function keyOf(name: string): string {
  return nameKey(name.split(":")[0]!);
}

function named(names: readonly string[], name: string, role: Role, file: string): string {
  const found =
    names.find((one) => one === name) ?? names.find((one) => one.split(":")[0] === name);
  if (found !== undefined) return found;
  const near = nearest(name, [...names]);
  const hint = near === undefined ? "" : ` Did you mean ${shown(near)}?`;
  throw wrong(
    `${file} has no column ${shown(name)}, which --${role} names.${hint} It has: ${listed(names)}.`,
  );
}

function missing(what: keyof typeof needed, names: readonly string[], file: string): CodedError {
  const usual = what === "person" ? "user" : what;
  const some = usualNames[usual].slice(0, 6).join(", ");
  const option = what === "time" ? "--time COLUMN" : optionOf[what];
  return wrong(
    `${file} has no column that looks like ${needed[what]} (${some}, ...). ` +
      `It has: ${listed(names)}. Say which one it is with ${option}.`,
  );
}

function listed(names: readonly string[]): string {
  const some = names.slice(0, 30).map((name) => shown(name));
  return names.length > some.length
    ? `${some.join(", ")} and ${names.length - some.length} more`
    : some.join(", ");
}

function wrong(message: string): CodedError {
  const hint = `\`${product.command} report --help\` lists the options.`;
  return new CodedError("option_invalid", `${message} ${hint}`);
}

/**
 * For the dialect. The session takes the place of the anonymous id; a table without a column for what happened
 * holds views, or ratings where it has those.
 */
export function mapOf(columns: Columns, separator: string): ColumnMap {
  const { user, session, item, time, type, rating } = columns;
  const fixed = rating === undefined ? "view" : "rating";
  return {
    separator,
    user,
    anonymous: session,
    item,
    time: time!,
    type: type ?? { is: fixed },
    rating: type === undefined ? rating : undefined,
  };
}
