import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { listenBrainzPlays } from "./listenbrainz.ts";
import { historyOf, playsMax, playsOf } from "./read.ts";
import { spotifyPlays } from "./spotify.ts";

const uri = `spotify:track:${"a".repeat(22)}`;
const stream = {
  ts: "2024-03-01T18:00:00Z",
  platform: "linux",
  ms_played: 180_000,
  conn_country: "NO",
  ip_addr: "203.0.113.7",
  master_metadata_track_name: "A song",
  master_metadata_album_artist_name: "Somebody",
  spotify_track_uri: uri,
  episode_name: null,
  reason_end: "trackdone",
  skipped: false,
};

describe("a Spotify history", () => {
  test("gives track, title, time and whether it was skipped, and nothing else", () => {
    expect(spotifyPlays(JSON.stringify([stream]))).toEqual([
      { id: uri, title: "A song", at: Date.UTC(2024, 2, 1, 18), isSkipped: false },
    ]);
  });
  test("never lets an address or a name of a person through", () => {
    fc.assert(
      fc.property(fc.string({ minLength: 8 }), (secret) => {
        const address = `address ${secret}`;
        const old = { ...stream, ip_addr: address, ip_addr_decrypted: address, username: address };
        const read = JSON.stringify(spotifyPlays(JSON.stringify([old])));
        expect(read).not.toContain("address");
        expect(read).not.toContain("Somebody");
      }),
    );
  });
  test("leaves out podcasts, local files and entries without a time", () => {
    const others = [
      { ...stream, spotify_track_uri: null, episode_name: "Talk" },
      { ...stream, spotify_track_uri: "spotify:local:::x:1" },
      { ...stream, master_metadata_track_name: null },
      { ...stream, ts: "yesterday" },
      null,
    ];
    expect(spotifyPlays(JSON.stringify(others))).toEqual([]);
  });
  test.each([
    [{ skipped: true }, true],
    [{ skipped: false, ms_played: 2_000 }, true],
    [{ skipped: null, ms_played: 2_000 }, true],
    [{ skipped: null, ms_played: 90_000 }, false],
  ])("%j is skipped: %s", (change, isSkipped) => {
    const [play] = spotifyPlays(JSON.stringify([{ ...stream, ...change }]));
    expect(play?.isSkipped).toBe(isSkipped);
  });
});

describe("a ListenBrainz export", () => {
  const mbid = "0f3f1b5c-1a2b-4c3d-8e9f-001122334455";
  const listen = {
    listened_at: 1_700_000_000,
    user_name: "someone",
    recording_msid: "11111111-1a2b-4c3d-8e9f-001122334455",
    track_metadata: {
      track_name: "A song",
      artist_name: "Somebody",
      mbid_mapping: { recording_mbid: mbid },
    },
  };
  const play = {
    id: `listenbrainz:${mbid}`,
    title: "A song",
    at: 1_700_000_000_000,
    isSkipped: false,
  };
  test("is read as a list and as lines", () => {
    expect(listenBrainzPlays(JSON.stringify([listen]))).toEqual([play]);
    const lines = `${JSON.stringify(listen)}\n${JSON.stringify(listen)}\n`;
    expect(listenBrainzPlays(lines)).toEqual([play, play]);
  });
  test("gives a track without an id one by its title", () => {
    const plain = { listened_at: 1, track_metadata: { track_name: "A song" } };
    const [first, second] = listenBrainzPlays(JSON.stringify([plain, plain]));
    expect(first?.id).toMatch(/^listenbrainz:[0-9a-f]{8}$/);
    expect(second?.id).toBe(first?.id);
  });
  test("leaves out what is no listen", () => {
    const others = [null, 1, {}, { listened_at: 1 }, { listened_at: "1", track_metadata: {} }];
    expect(listenBrainzPlays(JSON.stringify(others))).toEqual([]);
  });
});

describe("dropped files", () => {
  const spotify = JSON.stringify([stream, { ...stream, ts: "2023-01-01T00:00:00Z" }]);
  test("are joined in the order of time, each listen once", () => {
    const { plays, found } = historyOf([playsOf("a.json", spotify), playsOf("b.json", spotify)]);
    expect(plays.map(({ at }) => at)).toEqual([Date.UTC(2023, 0, 1), Date.UTC(2024, 2, 1, 18)]);
    expect(found).toBe(2);
  });
  test("are cut to the newest listens", () => {
    const many = Array.from({ length: playsMax + 1 }, (_, i) => ({
      id: uri,
      title: "A song",
      at: i,
      isSkipped: false,
    }));
    const { plays, found } = historyOf([many]);
    expect([plays.length, plays[0]?.at, found]).toEqual([playsMax, 1, playsMax + 1]);
  });
  test.each([
    ["x.json", "{}", "x.json is neither"],
    ["x.json", `[{"ms_played":1`, "x.json is cut off"],
    ["x.json", `{"ms_played":1}`, "x.json: This is no list"],
  ])("that are no history are refused by name: %s %s", (name, text, says) => {
    expect(() => playsOf(name, text)).toThrow(says);
  });
  test("without any music are refused", () => {
    expect(() => historyOf([[]])).toThrow("no music");
  });
});
