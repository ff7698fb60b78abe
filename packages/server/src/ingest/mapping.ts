/**
 * Applies the mapping: an incoming track call becomes interactions, or an event without effect where the name
 * means nothing to us. Done once, when an event is accepted; the record keeps the result, so a changed
 * mapping touches later events only.
 */
import {
  type Context,
  contextLimits,
  type InteractionEvent,
  type InteractionType,
  type OtherEvent,
} from "@attune/protocol";
import type { Incoming } from "./dialect/dialect.ts";
import { isLonger, isObject, type JsonObject } from "./json.ts";
import { type Mapping, nameKey, type Verb } from "./mapping-table.ts";

type Ids = Pick<InteractionEvent, "userId" | "anonymousId">;

export interface Mapped {
  events: (InteractionEvent | OtherEvent)[];
  /** A verb that we know, but no item to count it for. */
  isItemMissing: boolean;
}

/** One order may hold many products; more than these are not worth a neighbour's time. */
const productsMax = 200;
const slotsMax = 200;
const itemBytesMax = 256;

export function map(incoming: Incoming, ids: Ids, mapping: Mapping): Mapped {
  const key = nameKey(incoming.name);
  const verb = Object.hasOwn(mapping.names, key) ? mapping.names[key] : undefined;
  if (incoming.call !== "track" || verb === undefined) return kept(incoming, ids, false);
  const common = commonOf(incoming, ids);
  if (verb === "search") {
    const query = textOf(incoming.properties["query"] ?? incoming.properties["search_query"]);
    return mapped([{ ...common, type: "search", strength: mapping.strengths.search, query }]);
  }
  if (verb === "seen") return seen(incoming, ids, common, mapping);
  const events = itemsOf(incoming, verb, mapping).map(({ item, properties }) => ({
    ...common,
    ...measure(verb, { ...incoming, properties }, mapping),
    item,
  }));
  return events.length > 0 ? mapped(events) : kept(incoming, ids, true);
}

function mapped(events: (InteractionEvent | OtherEvent)[]): Mapped {
  return { events, isItemMissing: false };
}

/** Stored and exported, without effect. */
function kept(incoming: Incoming, ids: Ids, isItemMissing: boolean): Mapped {
  const isNamed = incoming.call === "track" || incoming.name !== "";
  const prefix = incoming.call === "track" ? "" : `${incoming.call}:`;
  const name = isNamed ? `${prefix}${incoming.name}` : incoming.call;
  const { properties, traits } = incoming;
  const all = Object.keys(traits).length === 0 ? properties : { ...properties, traits };
  return { events: [{ ...ids, type: "other", name, properties: all }], isItemMissing };
}

function commonOf(incoming: Incoming, ids: Ids): Omit<InteractionEvent, "type" | "strength"> {
  const { properties } = incoming;
  return {
    ...ids,
    decisionId: textOf(properties["decisionId"] ?? properties["decision_id"]),
    context: contextOf(incoming.context),
    properties: Object.keys(properties).length === 0 ? undefined : properties,
  };
}

function seen(
  incoming: Incoming,
  ids: Ids,
  common: Omit<InteractionEvent, "type" | "strength">,
  mapping: Mapping,
): Mapped {
  const listed = incoming.properties["slots"];
  const slots = (Array.isArray(listed) ? listed : []).filter(
    (slot): slot is number => Number.isInteger(slot) && slot >= 0 && slot < slotsMax,
  );
  if (common.decisionId === undefined || slots.length === 0) return kept(incoming, ids, true);
  const sorted = [...new Set(slots)].sort((a, b) => a - b);
  return mapped([{ ...common, type: "seen", strength: mapping.strengths.seen, slots: sorted }]);
}

/** The item of the event; of an order all its products, each with its own properties. */
function itemsOf(
  incoming: Incoming,
  verb: Verb,
  mapping: Mapping,
): { item: string; properties: JsonObject }[] {
  const item = itemOf(incoming.properties, mapping);
  if (item !== undefined) return [{ item, properties: incoming.properties }];
  const { products } = incoming.properties;
  if (verb !== "purchase" && verb !== "add") return [];
  if (!Array.isArray(products)) return [];
  const found = new Map<string, JsonObject>();
  for (const product of products.slice(0, productsMax)) {
    const id = isObject(product) ? itemOf(product, mapping) : undefined;
    if (id !== undefined && !found.has(id)) found.set(id, product);
  }
  return [...found].map(([id, properties]) => ({ item: id, properties }));
}

function itemOf(properties: JsonObject, mapping: Mapping): string | undefined {
  for (const field of mapping.itemFields) {
    const value = properties[field];
    if (typeof value === "string" && value.trim() !== "" && !isLonger(value, itemBytesMax)) {
      return value;
    }
    if (typeof value === "number" && Number.isSafeInteger(value)) return String(value);
  }
  return undefined;
}

function measure(
  verb: Exclude<Verb, "search" | "seen">,
  incoming: Incoming,
  mapping: Mapping,
): { type: InteractionType; strength: number; permille?: number | undefined } {
  const { strength: stated, properties } = incoming;
  if (verb === "rating") {
    const { type, strength } = ratingOf(properties, mapping);
    return { type, strength: stated ?? strength };
  }
  if (verb !== "play") return { type: verb, strength: stated ?? mapping.strengths[verb] };
  const permille = permilleOf(properties);
  if (permille === undefined) return { type: "play", strength: stated ?? mapping.playStrength };
  const step = mapping.playSteps.find(({ belowPermille }) => permille < belowPermille);
  return { type: "play", strength: stated ?? step?.strength ?? mapping.playStrength, permille };
}

/** The fraction heard or watched, from the fields that clients have for it. */
function permilleOf(properties: JsonObject): number | undefined {
  const number = (field: string): number | undefined => {
    const value = properties[field];
    return typeof value === "number" && value >= 0 ? value : undefined;
  };
  const clamp = (value: number): number => Math.min(1_000, Math.floor(value));
  const stated = number("permille");
  if (stated !== undefined) return clamp(stated);
  const percent = number("percent") ?? number("percentage") ?? number("percent_complete");
  if (percent !== undefined) return clamp(percent * 10);
  const position = number("position") ?? number("seconds_played") ?? number("listened");
  const length = number("total_length") ?? number("duration") ?? number("length");
  if (position === undefined || length === undefined || length === 0) return undefined;
  return clamp((position * 1_000) / length);
}

function ratingOf(
  properties: JsonObject,
  mapping: Mapping,
): { type: "like" | "dislike"; strength: number } {
  const rating = Number(properties["rating"]);
  const best = Number(properties["ratingMax"] ?? properties["rating_max"] ?? 5);
  // Without a readable rating it is still a sign that the item mattered.
  const permille = best > 1 && rating >= 0 ? (Math.max(0, rating - 1) * 1_000) / (best - 1) : 700;
  const step = mapping.ratingSteps.findLast(({ fromPermille }) => permille >= fromPermille);
  return step ?? { type: "like", strength: mapping.strengths.like };
}

/** Device classes that are counted; anything else would let a sender grow the sums without bound. */
const deviceClasses: ReadonlySet<string> = new Set(
  "phone, tablet, desktop, tv, watch, car, speaker, console".split(", "),
);
const deviceAliases: Readonly<Record<string, string>> = {
  ios: "phone",
  android: "phone",
  mobile: "phone",
  web: "desktop",
  laptop: "desktop",
  computer: "desktop",
};

/** What the event itself states about its circumstances. An address is neither kept nor looked up. */
function contextOf(context: JsonObject): Context | undefined {
  const device = isObject(context["device"]) ? context["device"]["type"] : context["device"];
  const named = typeof device === "string" ? device.toLowerCase() : "";
  const known = Object.hasOwn(deviceAliases, named) ? deviceAliases[named] : named;
  const location = isObject(context["location"]) ? context["location"] : {};
  const stated: Context = {
    device: known !== undefined && deviceClasses.has(known) ? known : undefined,
    region: shortText(context["region"] ?? location["region"]),
    place: shortText(context["place"]),
    attributes: attributesOf(context["attributes"]),
  };
  return Object.values(stated).some((value) => value !== undefined) ? stated : undefined;
}

/** Those that are within the limits, the first few by name; the others count nowhere. */
function attributesOf(value: unknown): Context["attributes"] {
  if (!isObject(value)) return undefined;
  const stated = Object.entries(value)
    .map(([name, one]) => [name, shortText(one)] as const)
    .filter((entry): entry is readonly [string, string] => entry[1] !== undefined)
    .filter(([name]) => contextLimits.attributeName.test(name))
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .slice(0, contextLimits.attributesMax);
  return stated.length === 0 ? undefined : Object.fromEntries(stated);
}

function shortText(value: unknown): string | undefined {
  return typeof value === "string" && value !== "" && value.length <= contextLimits.unitsMax
    ? value
    : undefined;
}

function textOf(value: unknown): string | undefined {
  return typeof value === "string" && value !== "" ? value : undefined;
}
