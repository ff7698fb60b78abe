/** The player as one thing to start: Attune with its doors, the example's routes, the catalogue, the crowd. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Config } from "../../../packages/server/src/config.ts";
import { serve } from "../../../packages/server/src/doors.ts";
import { type Track, tracksOf, vectorOf } from "../catalogue/track.ts";
import { AttuneClient } from "./attune.ts";
import { buildIfStale, distFolder, home } from "./build.ts";
import { Crowd, type CrowdSize, crowdSize } from "./crowd.ts";
import { playerRoutes } from "./routes.ts";

export interface Player {
  /** Where the page is. */
  url: string;
  crowd: Crowd;
  /** Settles once the crowd's past is in and its present has begun. */
  arrived: Promise<void>;
  close(): Promise<void>;
}

export async function startPlayer(config: Config, size: CrowdSize = crowdSize): Promise<Player> {
  await buildIfStale();
  const catalogue = readFileSync(join(home, "catalogue/tracks.ndjson"), "utf8");
  const tracks = tracksOf(catalogue);
  let url = "";
  let attune: AttuneClient | undefined;
  let crowd: Crowd | undefined;
  const server = await serve(config, {
    register: (app, { keys }) => {
      if (keys === undefined) throw new Error("The player runs in development mode alone.");
      attune = new AttuneClient(() => url, keys);
      crowd = new Crowd(attune, tracks, size);
      playerRoutes(app, { attune, crowd, page: distFolder, catalogue });
    },
  });
  url = server.url;
  await putCatalogue(attune!, tracks);
  const arrived = crowd!.arrive().then(() => crowd!.live());
  const close = async (): Promise<void> => {
    await crowd!.stop();
    await arrived.catch(() => undefined);
    await crowd!.stop();
    await server.close();
  };
  return { url: `${url}/player/`, crowd: crowd!, arrived, close };
}

async function putCatalogue(attune: AttuneClient, tracks: readonly Track[]): Promise<void> {
  // The last one is put last: where it is, all are.
  if (await attune.hasItem(tracks.at(-1)!.id)) return;
  await attune.putItems(tracks.map((track) => ({ ...track, vector: vectorOf(track) })));
}
