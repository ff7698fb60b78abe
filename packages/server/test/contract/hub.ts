/** The contract of a hub as a suite, run over every implementation. */
import { beforeEach, describe, expect, test } from "vitest";
import type { Draft, Hub, Publication, Subscriber } from "../../src/deliver/hub.ts";

export interface HubStage {
  hub: Hub;
  /** Moves the hub's clock. */
  wait(ms: number): void;
}

export interface HubStageOptions {
  historyMax: number;
  historyMs: number;
  keysPerChannelMax: number;
  idleChannelsMax: number;
}

const hubStageOptions: HubStageOptions = {
  historyMax: 5,
  historyMs: 60_000,
  keysPerChannelMax: 3,
  idleChannelsMax: 4,
};

const draft = (text: string, key?: string): Draft => ({
  data: JSON.stringify(text),
  tags: {},
  key,
  time: 1,
});

class Ear implements Subscriber {
  heard: Publication[] = [];
  invalidations = 0;
  onPublication = (publication: Publication): void => void this.heard.push(publication);
  onInvalidated = (): void => void (this.invalidations += 1);
  get offsets(): number[] {
    return this.heard.map(({ offset }) => offset);
  }
}

export function hubContract(name: string, open: (options: HubStageOptions) => HubStage): void {
  describe(name, () => {
    let stage: HubStage;
    let hub: Hub;
    beforeEach(() => {
      stage = open(hubStageOptions);
      hub = stage.hub;
    });

    async function publish(channel: string, count: number, key?: string): Promise<void> {
      for (let i = 1; i <= count; i++) await hub.publish(channel, draft(`${i}`, key));
    }

    test("every subscriber gets each publication once, in order, with dense offsets", async () => {
      const [a, b] = [new Ear(), new Ear()];
      await hub.subscribe("c", a);
      await publish("c", 2);
      const { position } = await hub.subscribe("c", b);
      await publish("c", 2);
      expect(position.offset).toBe(2);
      expect(a.offsets).toEqual([1, 2, 3, 4]);
      expect(b.offsets).toEqual([3, 4]);
    });

    test("channels do not hear each other", async () => {
      const ear = new Ear();
      await hub.subscribe("c", ear);
      await hub.open("d");
      await publish("d", 1);
      expect(ear.heard).toEqual([]);
    });

    test("who has left hears nothing more", async () => {
      const ear = new Ear();
      await hub.subscribe("c", ear);
      hub.unsubscribe("c", ear);
      await publish("c", 1);
      expect(ear.heard).toEqual([]);
    });

    test("who comes back gets exactly what was missed", async () => {
      const ear = new Ear();
      const { position } = await hub.subscribe("c", ear);
      await publish("c", 1);
      hub.unsubscribe("c", ear);
      await publish("c", 3);
      const since = { epoch: position.epoch, offset: 1 };
      const { missed, position: top } = await hub.subscribe("c", new Ear(), since);
      expect(missed?.map(({ offset }) => offset)).toEqual([2, 3, 4]);
      expect(top).toEqual({ epoch: position.epoch, offset: 4 });
    });

    test("history is recovered whole up to its limit, and one more is not", async () => {
      const { epoch } = await hub.open("c");
      await publish("c", 6);
      const at = async (offset: number) =>
        (await hub.subscribe("c", new Ear(), { epoch, offset })).missed?.length;
      expect(await at(1)).toBe(5);
      expect(await at(0)).toBeUndefined();
      expect(await at(6)).toBe(0);
    });

    test("a position of the future, and another epoch, are lost", async () => {
      const { epoch } = await hub.open("c");
      await publish("c", 1);
      const missed = async (since: { epoch: string; offset: number }) =>
        (await hub.subscribe("c", new Ear(), since)).missed;
      expect(await missed({ epoch, offset: 2 })).toBeUndefined();
      expect(await missed({ epoch: "_", offset: 1 })).toBeUndefined();
      expect(await missed({ epoch: "", offset: 1 })).toBeUndefined();
    });

    test("what is too old is lost, never in part", async () => {
      const { epoch } = await hub.open("c");
      await hub.subscribe("c", new Ear());
      await publish("c", 1);
      stage.wait(hubStageOptions.historyMs - 1);
      await publish("c", 1);
      const missed = async (offset: number) =>
        (await hub.subscribe("c", new Ear(), { epoch, offset })).missed?.length;
      expect(await missed(0)).toBe(2);
      stage.wait(1);
      expect(await missed(0)).toBeUndefined();
      expect(await missed(1)).toBe(1);
    });

    test("a channel nobody opened takes nothing, since nobody could have missed it", async () => {
      expect(await hub.publish("c", draft("1"))).toBeUndefined();
      expect(hub.isOpen("c")).toBe(false);
      expect((await hub.open("c")).offset).toBe(0);
    });

    test("history pages forwards and backwards", async () => {
      const { epoch } = await hub.open("c");
      await publish("c", 4);
      const offsets = async (query: Parameters<Hub["history"]>[1]) =>
        (await hub.history("c", query))?.publications.map(({ offset }) => offset);
      expect(await offsets({ limit: 0 })).toEqual([]);
      expect(await offsets({})).toEqual([1, 2, 3, 4]);
      expect(await offsets({ since: { epoch, offset: 1 }, limit: 2 })).toEqual([2, 3]);
      expect(await offsets({ reverse: true, limit: 2 })).toEqual([4, 3]);
      expect(await offsets({ since: { epoch, offset: 3 }, reverse: true })).toEqual([2, 1]);
      expect(await offsets({ since: { epoch: "x", offset: 1 } })).toBeUndefined();
    });

    test("the present state is the newest of each key, for as many keys as are kept", async () => {
      await hub.open("c");
      await publish("c", 2, "a");
      await publish("c", 1);
      const keys = async () => (await hub.present("c")).map(({ key, offset }) => [key, offset]);
      expect(await keys()).toEqual([["a", 2]]);
      for (const key of ["b", "a", "d", "e"]) await publish("c", 1, key);
      expect(await keys()).toEqual([
        ["a", 5],
        ["d", 6],
        ["e", 7],
      ]);
    });

    test("an erasure ends the epoch, lets everybody go and tells them once", async () => {
      const ear = new Ear();
      const { position } = await hub.subscribe("c", ear);
      await publish("c", 2, "a");
      hub.invalidate("c");
      hub.invalidate("c");
      expect(ear.invalidations).toBe(1);
      const after = await hub.subscribe("c", new Ear(), { epoch: position.epoch, offset: 1 });
      expect(after.missed).toBeUndefined();
      expect(after.position.epoch).not.toBe(position.epoch);
      expect(after.position.offset).toBe(0);
      expect(await hub.present("c")).toEqual([]);
      await publish("c", 1);
      expect(ear.offsets).toEqual([1, 2]);
    });

    test("a dropped history is recovered by nobody, and the stream goes on for those who listen", async () => {
      const ear = new Ear();
      const { position } = await hub.subscribe("c", ear);
      await publish("c", 2, "a");
      const { epoch } = position;
      const missed = async (offset: number) =>
        (await hub.subscribe("c", new Ear(), { epoch, offset })).missed?.map((one) => one.offset);
      expect(await missed(1)).toEqual([2]);
      hub.dropHistory("c");
      expect(await missed(1)).toBeUndefined();
      expect(await missed(2)).toEqual([]);
      expect(await hub.present("c")).toEqual([]);
      expect((await hub.history("c", {}))?.publications).toEqual([]);
      await publish("c", 1);
      expect(await missed(2)).toEqual([3]);
      expect(await missed(1)).toBeUndefined();
      expect(ear.offsets).toEqual([1, 2, 3]);
    });

    test("epochs are never empty, never the one that clients use to fail", async () => {
      const { epoch } = await hub.open("c");
      expect(epoch).not.toBe("");
      expect(epoch).not.toBe("_");
    });

    test("an idle channel is kept for as long as its history, and then forgotten", async () => {
      const ear = new Ear();
      await hub.subscribe("c", ear);
      await publish("c", 1);
      stage.wait(hubStageOptions.historyMs * 2);
      hub.sweep();
      expect(hub.isOpen("c")).toBe(true);
      hub.unsubscribe("c", ear);
      stage.wait(hubStageOptions.historyMs - 1);
      hub.sweep();
      expect(hub.isOpen("c")).toBe(true);
      stage.wait(1);
      hub.sweep();
      expect(hub.isOpen("c")).toBe(false);
    });

    test("of too many idle channels the longest left go, and none that is listened to", async () => {
      const ear = new Ear();
      await hub.subscribe("kept", ear);
      for (let i = 0; i <= hubStageOptions.idleChannelsMax; i++) await hub.open(`c${i}`);
      hub.sweep();
      expect(hub.isOpen("kept")).toBe(true);
      expect(hub.isOpen("c0")).toBe(false);
      for (let i = 1; i <= hubStageOptions.idleChannelsMax; i++)
        expect(hub.isOpen(`c${i}`)).toBe(true);
    });

    test("a subscriber may leave in answer to what it hears", async () => {
      const stays = new Ear();
      const leaves: Subscriber = {
        onPublication: () => hub.unsubscribe("c", leaves),
        onInvalidated: () => {},
      };
      await hub.subscribe("c", leaves);
      await hub.subscribe("c", stays);
      await publish("c", 2);
      expect(stays.offsets).toEqual([1, 2]);
    });
  });
}
