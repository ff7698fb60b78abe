/** Puts the page's parts together for one visitor: click stream, live list, slow lists, titles. */
import type { LiveList } from "@attune/protocol";
import { forget, recommend, tokenOf } from "./attune.ts";
import { type Shelf, trackFrom } from "./catalogue.ts";
import { ClickStream } from "./click-stream.ts";
import { Deck } from "./deck.ts";
import type { Play } from "./history/play.ts";
import { sendHistory } from "./history/send.ts";
import { LiveLine } from "./live/live-query.ts";
import { shelfLimits, shelfNames } from "./live/shelves.ts";
import { follow } from "./live/slow-list.ts";
import { Sights } from "./sights.ts";
import type { Room } from "./view/deck-context.ts";
import type { Forgotten } from "./view/forget-panel.tsx";
import { newVisitorId, strangerId } from "./visitor.ts";

export interface OpenRoom extends Room {
  bringIn: (
    plays: readonly Play[],
    onProgress: (done: number, all: number) => void,
  ) => Promise<void>;
  forgetMe: () => Promise<Forgotten>;
}

/** More than is shown, so that what was just heard can be left out. */
const listLimit = 40;
const titlesKey = "attune-player-titles";

export function openRoom(first: string, writeKey: string, shelf: Shelf): OpenRoom {
  let visitor = first;
  const titles = new Map<string, string>(storedTitles());
  const clicks = new ClickStream(writeKey);
  const trackOf: Room["trackOf"] = (id, attributes) =>
    trackFrom(id, attributes ?? shelf.byId.get(id), titles.get(id));
  const titleOf = (id: string): string => trackOf(id).title;
  const deck = new Deck({
    send: (event, track, rest) => clicks.send(visitor, event, track, rest),
    trackOf: ({ id, item }) => trackOf(id, item),
  });
  const sights = new Sights((decisionId, slots) => clicks.saw(decisionId, slots));
  let close = listen(visitor, deck);
  const startAfresh = async (): Promise<void> => {
    close();
    deck.clear();
    sights.clear();
    titles.clear();
    store(titles);
    await clicks.reset();
    close = listen(visitor, deck);
  };
  /** Under another id: what is older than a forgetting is dropped for ever, and a history is older. */
  const bringIn: OpenRoom["bringIn"] = async (plays, onProgress) => {
    await forget(visitor);
    visitor = newVisitorId();
    await startAfresh();
    for (const { id, title } of plays) titles.set(id, title);
    await sendHistory(plays, visitor, onProgress);
    // Titles name what reasons point at after a reload too; they go when the visitor is forgotten.
    store(titles);
    const sentAt = Date.now();
    deck.change({ sentAt: plays.map(() => sentAt) });
    const last = plays.findLast(({ isSkipped }) => !isSkipped);
    if (last !== undefined) deck.pickUp(trackOf(last.id));
  };
  const forgetMe = async (): Promise<Forgotten> => {
    const began = performance.now();
    const receipt = await forget(visitor);
    const ms = performance.now() - began;
    await startAfresh();
    return { receipt, ms, ...(await comparedWithStranger(visitor, receipt.position)) };
  };
  return { deck, sights, trackOf, titleOf, bringIn, forgetMe };
}

/** The live lists and the two slow ones of a visitor, into the deck, until closed. */
function listen(visitor: string, deck: Deck): () => void {
  const live = new LiveLine({
    visitor,
    wanted: [
      { placement: "up-next", limit: listLimit, onList: (list) => deck.show(list) },
      ...shelfNames.map((name) => ({
        placement: name,
        limit: shelfLimits[name],
        onList: (list: LiveList) => deck.showShelf(name, list),
      })),
    ],
    token: () => tokenOf(visitor),
    onState: (isLive) => deck.change({ isLive }),
  });
  live.open();
  const stops = [
    follow(visitor, listLimit, "minute", (minute) => deck.change({ minute })),
    follow(visitor, listLimit, "nightly", (nightly) => deck.change({ nightly })),
  ];
  return () => {
    live.close();
    for (const stop of stops) stop();
  };
}

/** The list of the visitor beside that of an id nobody has had, both asked for now. */
async function comparedWithStranger(visitor: string, after: string) {
  const [own, strangers] = await Promise.all([
    recommend(visitor, listLimit, after),
    recommend(strangerId(), listLimit, after),
  ]);
  const ids = (items: readonly { id: string; score: number }[]): string =>
    items.map(({ id, score }) => `${id} ${score}`).join();
  return { isStranger: ids(own.items) === ids(strangers.items), compared: own.items.length };
}

function storedTitles(): [string, string][] {
  try {
    return JSON.parse(localStorage.getItem(titlesKey) ?? "[]") as [string, string][];
  } catch {
    return [];
  }
}

function store(titles: ReadonlyMap<string, string>): void {
  try {
    localStorage.setItem(titlesKey, JSON.stringify([...titles]));
  } catch {
    // A full store costs names after a reload and no more.
  }
}
