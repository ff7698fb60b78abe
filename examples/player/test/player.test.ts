/**
 * The player in a real browser against the real server: what a newcomer does in the first minutes. Port 0, a
 * fresh folder, a small crowd that is paused, so that nothing but the visitor moves a list.
 */
import axe from "axe-core";
import type { Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { focused, hasBrowser, poll, Stage } from "./stage.ts";

const stage = new Stage();
let page: Page;

beforeAll(() => stage.start(), 120_000);
afterAll(() => stage.stop());

async function open(options: Parameters<Stage["open"]>[0] = {}): Promise<void> {
  page = await stage.open(options);
}

const titles = () => stage.titles();
const control = (name: string) => stage.control(name);
const changed = (before: readonly string[]) => stage.changed(before);
const playFromBrowse = (place: number) => stage.playFromBrowse(place);
const clickTimed = async (): Promise<void> => {
  const number = page.getByTestId("click-to-list");
  await poll(() => number.textContent()).toMatch(/^\d/);
};

describe.skipIf(!hasBrowser)("the player", () => {
  beforeEach(async () => open());
  afterEach(async () => {
    await stage.leave();
  });

  test("changes its list on a play, a skip and a like, and gives the milliseconds", async () => {
    const first = await titles();
    expect(first.length).toBe(12);
    const played = await playFromBrowse(0);
    await clickTimed();
    expect(await page.locator(".meaning").textContent()).toContain("acknowledged after");
    await control("Skip").click();
    const skipped = await changed(played);
    expect(skipped).not.toContain(await page.locator(".stage h1").innerText());
    await control("Like").click();
    await poll(() => control("Like").getAttribute("aria-pressed")).toBe("true");
    await changed(skipped);
  });

  test("says why each track is there, in shares that sum to its score", async () => {
    await playFromBrowse(1);
    const title = await page.locator(".tile .title").nth(1).innerText();
    await poll(() => page.locator(".row .why").allTextContents()).toContainEqual(
      expect.stringContaining(title),
    );
    await page.getByRole("button", { name: /^Why / }).first().click();
    const account = page.locator(".account:visible");
    const parts = await account.locator("td:last-child").allTextContents();
    expect(parts.length).toBeGreaterThan(0);
    const sum = parts.reduce((total, text) => total + Number.parseFloat(text), 0);
    expect(Math.abs(sum - 100)).toBeLessThan(parts.length * 0.1);
  });

  test("shows the three timetables: only the live one knows the last events", async () => {
    await page.getByRole("radio", { name: "Compare three" }).check();
    const column = (name: string) => page.getByRole("region", { name });
    const lines = (name: string) => column(name).locator(".title").allTextContents();
    await poll(async () => (await lines("Nightly")).length).toBe(10);
    const nightly = await lines("Nightly");
    await page.locator(".tile").nth(0).click();
    await poll(() => lines("Attune, live")).not.toEqual(nightly);
    expect(await lines("Nightly")).toEqual(nightly);
    expect(await column("Nightly").innerText()).toContain("Has not heard of 1 event");
    expect(await column("Refreshed each minute").innerText()).toContain("Has not heard of 1 event");
    expect(await column("Attune, live").innerText()).toContain("Knows all you did");
  });

  test("forgets: both digests, the milliseconds, and the list is a stranger's", async () => {
    const stranger = await titles();
    const played = await playFromBrowse(3);
    expect(played).not.toEqual(stranger);
    await page.getByRole("button", { name: "Forget me" }).click();
    const receipt = page.locator(".receipt");
    await poll(() => receipt.innerText()).toMatch(/Forgotten in \d+ ms/);
    expect(await receipt.innerText()).toContain(
      "Your list is now, in all 40 places, a stranger's.",
    );
    const rows = await receipt.locator("tbody tr").all();
    expect(rows.length).toBeGreaterThan(2);
    const cells = await Promise.all(rows.map((row) => row.locator("code").allTextContents()));
    expect(cells.some(([before, after]) => before !== after)).toBe(true);
    for (const cell of cells.flat()) expect(cell).toMatch(/^[0-9a-f]{12}$/);
    await poll(titles).toEqual(stranger);
  });

  test("tells which slots of which list were looked at, once the visitor has done something", async () => {
    const told: Record<string, unknown>[] = [];
    page.on("request", (request) => {
      if (request.url().endsWith("/v1/t"))
        told.push(JSON.parse(request.postData()!) as Record<string, unknown>);
    });
    const seen = () => told.filter(({ event }) => event === "Recommendations Seen");
    await playFromBrowse(0);
    // The tile that was clicked lies further down: nobody sees the queue from there.
    await page.evaluate(() => scrollTo(0, 0));
    await poll(() => seen().length).toBeGreaterThan(0);
    expect(told[0]!["event"]).toBe("Track Played");
    const slots = seen().flatMap(({ properties }) => (properties as { slots: number[] }).slots);
    expect(slots).toContain(0);
    // What lies below the window was seen by nobody.
    expect(slots.length).toBeLessThan(60);
    const shown = async (): Promise<number> => {
      const metrics = await (await fetch(new URL("/metrics", stage.player.url))).text();
      const lines = metrics
        .split("\n")
        .filter((line) => line.startsWith("attune_placement_outcomes"));
      return lines
        .filter((line) => line.includes('"up-next"') && line.includes('"shown"'))
        .reduce((sum, line) => sum + Number(line.split(" ").at(-1)), 0);
    };
    await poll(shown).toBeGreaterThan(2);
  });

  test("takes a listening history: in order, without its addresses, and it is your list", async () => {
    const requests: string[] = [];
    page.on("request", (request) => requests.push(request.postData() ?? ""));
    const before = await titles();
    await page.locator("#history-files").setInputFiles({
      name: "Streaming_History_Audio_2024_1.json",
      mimeType: "application/json",
      buffer: Buffer.from(JSON.stringify(spotifyHistory())),
    });
    const panel = page.getByRole("region", { name: "Make it yours" });
    await poll(() => panel.innerText()).toContain("120 listens to 12 titles");
    await changed(before);
    const isOwn = async () => (await titles())[0]?.startsWith("Own song");
    await poll(isOwn).toBe(true);
    // It goes on where the history ended.
    expect(await page.locator(".stage h1").innerText()).toContain("Own song");
    expect(await page.locator(".row .why").allTextContents()).toContainEqual(
      expect.stringContaining("Own song"),
    );
    expect(requests.some((body) => body.includes("Own song 3"))).toBe(true);
    for (const body of requests) {
      expect(body).not.toContain("203.0.113.");
      expect(body).not.toContain("Nobody");
    }
  });

  test("refuses a file that is no history, in words", async () => {
    await page.locator("#history-files").setInputFiles({
      name: "holiday.json",
      mimeType: "application/json",
      buffer: Buffer.from(`{"a":1}`),
    });
    const panel = page.getByRole("region", { name: "Make it yours" });
    await poll(() => panel.innerText()).toContain("holiday.json is neither");
  });

  test("pauses and resumes the crowd, which it calls synthetic", async () => {
    const note = page.locator(".crowd");
    await poll(() => note.innerText()).toContain("synthetic listeners, paused");
    await note.getByRole("button").click();
    await poll(() => stage.player.crowd.status().isRunning).toBe(true);
    await note.getByRole("button", { name: /Pause/ }).click();
    await poll(() => stage.player.crowd.status().isRunning).toBe(false);
  });
});

describe.skipIf(!hasBrowser)("for everybody", () => {
  afterEach(async () => {
    await stage.leave();
  });

  /** What axe finds against WCAG 2.2 AA, with where it stands. */
  async function violations(): Promise<string[]> {
    await page.evaluate(axe.source);
    // Colours are judged when nothing is on its way any more.
    await page.evaluate(() =>
      Promise.all(document.getAnimations().map((each) => each.finished.catch(() => 0))),
    );
    return page.evaluate(async () => {
      const tags = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"];
      const { axe: injected } = globalThis as unknown as { axe: Axe };
      const { violations: found } = await injected.run(document, {
        runOnly: { type: "tag", values: tags },
      });
      return found.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(" | ")}`);
    });
  }

  test.each(["light", "dark"] as const)("axe finds nothing in %s", async (colorScheme) => {
    await open({ colorScheme, reducedMotion: "reduce" });
    expect(await violations()).toEqual([]);
    await playFromBrowse(0);
    await page.getByRole("button", { name: /^Why / }).first().click();
    expect(await violations()).toEqual([]);
    await page.getByRole("radio", { name: "Compare three" }).check();
    await page.getByRole("button", { name: "Forget me" }).click();
    await poll(() => page.locator(".receipt").innerText()).toContain("stranger's");
    expect(await violations()).toEqual([]);
    await page.getByRole("button", { name: "Help and keys" }).click();
    expect(await violations()).toEqual([]);
  });

  test("axe sees what is planted: the control of the tests above", async () => {
    await open();
    await page.evaluate(() => {
      document.querySelector("main")!.insertAdjacentHTML("beforeend", "<button></button>");
    });
    expect((await violations()).join()).toContain("button-name");
  });

  test("everything can be done from the keyboard, with the focus in sight", async () => {
    await open();
    const before = await titles();
    await page.keyboard.press("Tab");
    expect(await focused(page)).toBe("Skip to the queue");
    await page.keyboard.press("ArrowDown");
    await page.keyboard.press("ArrowDown");
    expect((await focused(page))!.startsWith(`Play ${before[1]}`)).toBe(true);
    const outline = () =>
      page.evaluate(() => getComputedStyle(document.activeElement!).outlineStyle);
    expect(await outline()).toBe("solid");
    await page.keyboard.press("Enter");
    await poll(() => page.locator(".stage h1").innerText()).toContain(before[1]);
    await page.locator("body").click({ position: { x: 5, y: 5 } });
    await page.keyboard.press("Space");
    await control("Play").waitFor();
    await page.keyboard.press("Space");
    await control("Pause").waitFor();
    await page.keyboard.press("l");
    await poll(() => control("Like").getAttribute("aria-pressed")).toBe("true");
    const now = await page.locator(".stage h1").innerText();
    await page.keyboard.press("s");
    await poll(() => page.locator(".stage h1").innerText()).not.toBe(now);
    await page.keyboard.press("c");
    await page.getByRole("region", { name: "Nightly" }).waitFor();
    await page.keyboard.press("?");
    await page.getByRole("dialog").waitFor();
    await page.getByLabel("Keys are on").uncheck();
    await page.keyboard.press("Escape");
    await page.keyboard.press("c");
    expect(await page.getByRole("region", { name: "Nightly" }).isVisible()).toBe(true);
  });

  test("what changed is said once an act, and not for others' acts", async () => {
    await open();
    const said = page.getByTestId("announcer");
    expect(await said.textContent()).toBe("");
    await playFromBrowse(0);
    await poll(() => said.textContent()).toMatch(/^Up next changed in \d+ places?\. Next: .+\.$/);
  });

  test("on a phone nothing is cut off or scrolls sideways", async () => {
    await open({ viewport: { width: 360, height: 740 }, isMobile: true, hasTouch: true });
    const width = () => page.evaluate(() => document.documentElement.scrollWidth);
    expect(await width()).toBe(360);
    await playFromBrowse(0);
    await page.getByRole("button", { name: /^Why / }).first().click();
    expect(await width()).toBe(360);
    await page.getByRole("radio", { name: "Compare three" }).check();
    await page.getByRole("button", { name: "Forget me" }).click();
    await poll(() => page.locator(".receipt").innerText()).toContain("stranger's");
    expect(await width()).toBe(360);
    const small = await page.locator("button:visible").evaluateAll((buttons) =>
      buttons.flatMap((button) => {
        const { width: wide, height } = button.getBoundingClientRect();
        return wide < 24 || height < 24 ? [button.outerHTML.slice(0, 80)] : [];
      }),
    );
    expect(small).toEqual([]);
  });

  test.each([
    ["reduce", 0],
    ["no-preference", 1],
  ] as const)("with motion %s, rows glide or do not", async (reducedMotion, least) => {
    await open({ reducedMotion });
    await page.evaluate(() => {
      const { animate } = Element.prototype;
      Element.prototype.animate = function (...rest) {
        document.documentElement.dataset["glides"] = String(
          Number(document.documentElement.dataset["glides"] ?? 0) + 1,
        );
        return animate.apply(this, rest);
      };
    });
    await playFromBrowse(0);
    const glides = Number(
      await page.evaluate(() => document.documentElement.dataset["glides"] ?? "0"),
    );
    if (least === 0) expect(glides).toBe(0);
    else expect(glides).toBeGreaterThanOrEqual(least);
  });

  test("the theme follows the device until it is picked", async () => {
    await open({ colorScheme: "dark" });
    const theme = () => page.evaluate(() => document.documentElement.dataset["theme"]);
    expect(await theme()).toBe("dark");
    await page.getByRole("button", { name: "Switch to light" }).click();
    expect(await theme()).toBe("light");
    await page.reload();
    await poll(theme).toBe("light");
  });
});

interface Axe {
  run(
    on: Document,
    options: object,
  ): Promise<{ violations: { id: string; nodes: { html: string }[] }[] }>;
}

/** 120 listens of twelve songs in ever other orders, with what an export has beside them. */
function spotifyHistory(): object[] {
  const song = (i: number): number => (i * 5 + Math.floor(i / 12) * 3) % 12;
  return Array.from({ length: 120 }, (_, i) => ({
    ts: new Date(Date.UTC(2024, 2, 1 + Math.floor(i / 12), 18, (i % 12) * 4)).toISOString(),
    platform: "linux",
    ms_played: 200_000,
    conn_country: "NO",
    ip_addr: `203.0.113.${i % 250}`,
    master_metadata_track_name: `Own song ${song(i)}`,
    master_metadata_album_artist_name: "Nobody",
    master_metadata_album_album_name: "None",
    spotify_track_uri: `spotify:track:${String(song(i)).padStart(22, "0")}`,
    reason_start: "trackdone",
    reason_end: "trackdone",
    shuffle: false,
    skipped: false,
    offline: false,
    incognito_mode: false,
  }));
}
