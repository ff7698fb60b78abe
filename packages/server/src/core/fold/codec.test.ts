import type { InteractionType } from "@attune/protocol";
import { expect, test } from "vitest";
import { BytesError } from "../../base/bytes.ts";
import { canonicalJson } from "./canonical-json.ts";
import { decodeState, encodeState } from "./codec.ts";
import { countInteraction } from "./engagement.ts";
import { type UserState, emptyState, foldLimits } from "./state.ts";

/** The same content, its maps filled from the front or from the back. */
function filled(isReversed: boolean): UserState {
  const inOrder = <K, V>(list: [K, V][]): [K, V][] => (isReversed ? list.toReversed() : list);
  const state = emptyState(7, "0123456789abcdef");
  const reaction = { score: 3, count: 2, firstAt: 5, lastAt: 9 };
  for (const [item, said] of inOrder(["a", "é", "\u{1f3b5}"].map((name) => [name, reaction])))
    state.reactions.add(item, said);
  state.dislikes = new Map(
    inOrder([
      ["x", 4],
      ["y", 4],
    ]),
  );
  const counted: [InteractionType, number][] = [
    ["view", 20_000],
    ["play", 20_001],
    ["view", 20_000],
  ];
  for (const [type, day] of isReversed ? counted.toReversed() : counted) {
    countInteraction(state.counters, type, day * 86_400_000, foldLimits);
  }
  state.traits = new Map(
    inOrder([
      ["plan", { value: { b: [1, null], a: "x" }, at: 3 }],
      ["__proto__", { value: true, at: 4 }],
    ]),
  );
  state.consents = new Map(
    inOrder([
      ["analytics", { choice: "granted", policy: "p", refusals: 0, merged: false }],
      ["mood", { choice: "withdrawn", policy: "", refusals: 2, merged: true }],
    ]),
  );
  const track = (item: string, place: number) => ({ item, place });
  state.playlists = new Map(
    inOrder([
      ["mix", { title: "Mix", tracks: [track("a", 0), track("q", 7)], at: 9, merged: false }],
      [
        "p2",
        {
          title: "",
          tracks: [],
          evolving: { placement: "for-you", size: 30 },
          at: 12,
          merged: true,
        },
      ],
    ]),
  );
  return state;
}

test("equal states give equal bytes, however their maps were filled", () => {
  const bytes = encodeState(filled(false));
  expect(encodeState(filled(true))).toEqual(bytes);
  expect(decodeState(bytes)).toEqual(filled(false));
});

test("bytes cut short, or with some left over, are refused", () => {
  const bytes = encodeState(filled(false));
  for (let length = 0; length < bytes.length; length++) {
    expect(() => decodeState(bytes.subarray(0, length))).toThrow(BytesError);
  }
  expect(() => decodeState(Uint8Array.of(...bytes, 0))).toThrow(BytesError);
});

test("the empty state is small", () => {
  const state = emptyState(1, "5".repeat(32));
  expect(decodeState(encodeState(state))).toEqual(state);
  expect(encodeState(state).length).toBeLessThan(64);
});

test("JSON is written with its keys in order", () => {
  const value: unknown = JSON.parse(
    '{"b":{"d":1,"c":[2,{"z":null,"y":"\\ud800"}]},"__proto__":-0}',
  );
  expect(canonicalJson(value)).toBe('{"__proto__":0,"b":{"c":[2,{"y":"\\ud800","z":null}],"d":1}}');
});
