import { expect, test } from "vitest";
import { type Entry, Outgoing } from "./outgoing.ts";

interface Said extends Entry {
  text: string;
}

function stage() {
  const work: (() => void)[] = [];
  const frames: string[][] = [];
  let done: () => void = () => {};
  const wire = { buffered: 0, slow: 0 };
  const outgoing = new Outgoing<Said>({
    limits: { socketConflateBytes: 100, socketQueueBytesMax: 1_000 },
    buffered: () => wire.buffered,
    write: (entries, passedOn) => {
      frames.push(entries.map(({ text }) => text));
      done = passedOn;
    },
    collapse: (newer) => ({ ...newer, text: `${newer.text}!`, bytes: 50 }),
    onSlow: () => void (wire.slow += 1),
    atEndOfTick: (each) => void work.push(each),
  });
  const say = (text: string, key?: string, bytes = 10) => outgoing.push({ text, key, bytes });
  const endTick = (): void => work.splice(0).forEach((each) => each());
  const drain = (): void => {
    wire.buffered = 0;
    done();
  };
  return { outgoing, wire, frames, say, endTick, drain };
}

test("what is said in one tick goes out as one frame", () => {
  const { frames, say, endTick } = stage();
  say("a");
  say("b");
  expect(frames).toEqual([]);
  endTick();
  say("c");
  endTick();
  expect(frames).toEqual([["a", "b"], ["c"]]);
});

test("behind a full buffer one key keeps its newest alone, what has no key is kept", () => {
  const { frames, wire, say, endTick, drain } = stage();
  say("a");
  endTick();
  wire.buffered = 100;
  for (const text of ["k1", "n1", "k2", "n2", "k3"])
    say(text, text.startsWith("k") ? "k" : undefined);
  say("alone", "other");
  endTick();
  expect(frames).toEqual([["a"]]);
  say("k4", "k");
  endTick();
  drain();
  expect(frames[1]).toEqual(["n1", "n2", "alone", "k4!"]);
});

test("just below the limit of conflation everything is written", () => {
  const { frames, wire, say, endTick } = stage();
  wire.buffered = 99;
  say("k1", "k");
  say("k2", "k");
  endTick();
  expect(frames).toEqual([["k1", "k2"]]);
});

test("at the limit a receiver is slow, once; one byte less and it is not", () => {
  const { wire, say, endTick, frames, drain } = stage();
  wire.buffered = 900;
  say("a", undefined, 99);
  endTick();
  expect(wire.slow).toBe(0);
  say("b", undefined, 1);
  endTick();
  say("c");
  endTick();
  drain();
  expect(wire.slow).toBe(1);
  expect(frames).toEqual([]);
});
