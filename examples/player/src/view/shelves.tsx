import type { LiveItem } from "@attune/protocol";
import type { Mark } from "../deck.ts";
import { countFrom, subjectOf } from "../live/shelves.ts";
import { useDeck, useRoom } from "./deck-context.ts";
import { Shelf } from "./shelf.tsx";

/** The rows below the queue, each alive: what goes with the newest liking, the week's edition, what rises. */
export function Shelves() {
  return (
    <div className="shelves">
      <BecauseYou />
      <DiscoverWeekly />
      <Trending />
    </div>
  );
}

function BecauseYou() {
  const { titleOf } = useRoom();
  const list = useDeck("shelves")["because-you"];
  const marks = useDeck("marks");
  const subject = list === undefined ? undefined : subjectOf(list);
  const isAbout = subject !== undefined;
  return (
    <Shelf
      id="because-you"
      title={isAbout ? `Because you like “${titleOf(subject)}”` : "Because you like…"}
      under={
        isAbout
          ? "What others play along with it, and what sounds like it."
          : "A row about the track you liked last."
      }
      list={list}
      items={isAbout ? unmet(list!.items, marks) : []}
      empty="Like a track, and this row is made of it."
    />
  );
}

function DiscoverWeekly() {
  const list = useDeck("shelves")["discover-weekly"];
  const items = unmet(list?.items ?? [], useDeck("marks"));
  const [own, rising] = [countFrom(items, "weekly"), countFrom(items, "rising")];
  return (
    <Shelf
      id="discover-weekly"
      title="Discover weekly"
      under={
        own === 0
          ? "Tracks that rose last week. Play a few, and your own taste joins in. A new list each Monday."
          : `${tracks(items.length)} new to you: ${own} go with what you play, ${rising} rose last week. What you play or turn down leaves; the next list comes on Monday.`
      }
      list={list}
      items={items}
      empty="Nothing new to you is left this week. The next list comes on Monday."
    />
  );
}

function Trending() {
  const list = useDeck("shelves").trending;
  const marks = useDeck("marks");
  const items = (list?.items ?? []).filter(
    ({ id, reasons }) =>
      marks.get(id) !== "refused" && reasons.some(({ source }) => source !== "catalogue"),
  );
  return (
    <Shelf
      id="trending"
      title="Trending now"
      under="What is played more and more. It moves with every listener, you among them."
      list={list}
      items={items}
      isRanked
      empty="Nobody has played anything yet."
    />
  );
}

/** Without what was met in this sitting: the server leaves it out as well, a moment later. */
function unmet(items: readonly LiveItem[], marks: ReadonlyMap<string, Mark>): readonly LiveItem[] {
  return items.filter(({ id }) => !marks.has(id));
}

function tracks(count: number): string {
  return count === 1 ? "1 track" : `${count} tracks`;
}
