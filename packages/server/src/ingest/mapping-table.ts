/**
 * The mapping from what clients call things to what Attune counts: names to interaction types, fields to item
 * ids, strengths as integers. A tenant may change any of it; docs/reference/mapping.md is made from this file.
 */
import type { InteractionType } from "@attune/protocol";

/** `rating` becomes a like or a dislike, by the rating. */
export type Verb = InteractionType | "rating";

export interface Mapping {
  /** Event name in lower case, letters and digits only -> what it means. */
  names: Readonly<Record<string, Verb>>;
  /** Where an item id may stand in the properties, first match wins. */
  itemFields: readonly string[];
  strengths: Readonly<Record<Exclude<InteractionType, "play">, number>>;
  /** Strength of a play by the fraction heard: the first step whose bound is above it. */
  playSteps: readonly { belowPermille: number; strength: number }[];
  /** Strength of a play that does not say how much was heard. */
  playStrength: number;
  /** By the rating as thousandths of the way from worst to best; the last step that it reaches. */
  ratingSteps: readonly { fromPermille: number; type: "like" | "dislike"; strength: number }[];
}

/** By meaning, as people read it; `names` is made from it. Plain verbs come first, then Segment's names. */
export const wordsByVerb: Readonly<Record<Verb, readonly string[]>> = {
  view: [
    ..."view, viewed, click, clicked, open, opened, read, visit, visited, detail".split(", "),
    ..."item viewed, item clicked, product viewed, product clicked, content viewed".split(", "),
    ..."article viewed, article read, promotion clicked, recommendation clicked".split(", "),
  ],
  play: [
    ..."play, played, listen, listened, watch, watched, stream, streamed".split(", "),
    ..."song played, track played, video played, episode played, play started".split(", "),
    ..."video content started, video playback exited".split(", "),
  ],
  complete: [
    ..."complete, completed, finish, finished, song completed, track completed".split(", "),
    ..."video completed, episode completed, video content completed".split(", "),
  ],
  skip: "skip, skipped, song skipped, track skipped, video skipped".split(", "),
  like: [
    ..."like, liked, love, loved, heart, hearted, favorite, favorited, favourite".split(", "),
    ..."favourited, star, starred, upvote, upvoted, thumbs up, song liked, track liked".split(", "),
    ..."product liked, item liked".split(", "),
  ],
  dislike: [
    ..."dislike, disliked, hide, hidden, downvote, downvoted, thumbs down, not interested".split(
      ", ",
    ),
    ..."song disliked, track disliked, item disliked, product disliked".split(", "),
  ],
  save: [
    ..."save, saved, bookmark, bookmarked, item saved, song saved, track saved".split(", "),
    ..."product added to wishlist, added to wishlist, added to library".split(", "),
  ],
  share: "share, shared, product shared, item shared, content shared".split(", "),
  add: [
    ..."add, added, add to cart, added to cart, product added, item added".split(", "),
    ..."add to playlist, added to playlist, add to basket, wishlist product added to cart".split(
      ", ",
    ),
  ],
  purchase: "purchase, purchased, buy, bought, order completed, transaction".split(", "),
  search: "search, searched, products searched, site searched".split(", "),
  seen: "seen, impression, recommendation seen, recommendations seen".split(", "),
  rating: "rate, rated, rating, product reviewed, product rated, item rated".split(", "),
};

export const verbs = Object.keys(wordsByVerb) as readonly Verb[];

export const defaultMapping: Mapping = Object.freeze({
  names: Object.freeze(
    Object.fromEntries(
      (Object.entries(wordsByVerb) as [Verb, readonly string[]][]).flatMap(([verb, words]) =>
        words.map((word): [string, Verb] => [nameKey(word), verb]),
      ),
    ),
  ),
  itemFields: Object.freeze([
    ..."item, itemId, item_id, productId, product_id, trackId, track_id".split(", "),
    ..."contentAssetId, content_asset_id, contentId, content_id, songId, song_id".split(", "),
    ..."videoId, video_id, articleId, article_id, episodeId, episode_id, asset_id, sku".split(", "),
  ]),
  strengths: Object.freeze({
    view: 1,
    complete: 3,
    skip: -1,
    like: 4,
    dislike: -4,
    save: 3,
    share: 3,
    add: 2,
    purchase: 5,
    search: 0,
    seen: 0,
  }),
  playSteps: Object.freeze([
    { belowPermille: 300, strength: 0 },
    { belowPermille: 800, strength: 1 },
    { belowPermille: 1_001, strength: 2 },
  ]),
  playStrength: 1,
  ratingSteps: Object.freeze([
    { fromPermille: 0, type: "dislike" as const, strength: -4 },
    { fromPermille: 200, type: "dislike" as const, strength: -2 },
    { fromPermille: 450, type: "like" as const, strength: 1 },
    { fromPermille: 700, type: "like" as const, strength: 3 },
    { fromPermille: 950, type: "like" as const, strength: 4 },
  ]),
});

/** `Product Viewed`, `product_viewed` and `productViewed` are one name. */
export function nameKey(name: string): string {
  return name.toLowerCase().replace(/[^\p{L}\p{N}]+/gu, "");
}

/** What a tenant may change: names and strengths are added to the defaults, lists replace them. */
export interface MappingChange {
  names?: Readonly<Record<string, Verb>> | undefined;
  itemFields?: readonly string[] | undefined;
  strengths?: Partial<Mapping["strengths"]> | undefined;
  playSteps?: Mapping["playSteps"] | undefined;
  playStrength?: number | undefined;
  ratingSteps?: Mapping["ratingSteps"] | undefined;
}

/** By the change it was made from: a door asks for every batch. */
const made = new WeakMap<MappingChange, Mapping>();

export function changedMapping(change: MappingChange | undefined): Mapping {
  if (change === undefined) return defaultMapping;
  const known = made.get(change) ?? changed(change);
  made.set(change, known);
  return known;
}

function changed(change: MappingChange): Mapping {
  const names = Object.entries(change.names ?? {}).map(([name, verb]) => [nameKey(name), verb]);
  return Object.freeze({
    names: Object.freeze({ ...defaultMapping.names, ...Object.fromEntries(names) }),
    itemFields: change.itemFields ?? defaultMapping.itemFields,
    strengths: Object.freeze({ ...defaultMapping.strengths, ...change.strengths }),
    playSteps: change.playSteps ?? defaultMapping.playSteps,
    playStrength: change.playStrength ?? defaultMapping.playStrength,
    ratingSteps: change.ratingSteps ?? defaultMapping.ratingSteps,
  });
}
