import { createContext, useContext, useSyncExternalStore } from "react";
import type { Track } from "../../catalogue/track.ts";
import type { Deck, DeckState } from "../deck.ts";
import type { Sights } from "../sights.ts";

export interface Room {
  deck: Deck;
  sights: Sights;
  trackOf: (id: string, attributes?: unknown) => Track;
  titleOf: (id: string) => string;
}

export const RoomContext = createContext<Room | undefined>(undefined);

export function useRoom(): Room {
  const room = useContext(RoomContext);
  if (room === undefined) throw new Error("a view outside the room");
  return room;
}

/** A part of the deck's state: the view is drawn anew only when that part is another value. */
export function useDeck<K extends keyof DeckState>(part: K): DeckState[K] {
  const { deck } = useRoom();
  return useSyncExternalStore(deck.subscribe, () => deck.state()[part]);
}
