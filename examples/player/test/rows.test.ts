/** The rows in a real browser: what moves them, what they say, and that everybody can use them. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { focused, hasBrowser, poll, Stage } from "./stage.ts";

const stage = new Stage();
let page: Page;

beforeAll(() => stage.start(), 120_000);
afterAll(() => stage.stop());

describe.skipIf(!hasBrowser)("the rows", () => {
  beforeEach(async () => {
    page = await stage.open();
  });
  afterEach(async () => {
    await stage.leave();
  });

  const shelf = (name: string) => page.locator(`.shelf[aria-labelledby="${name}"]`);
  const heading = () => shelf("because-you").locator("h2").innerText();
  const count = (name: string) => shelf(name).locator(".card").count();
  const whys = (name: string) => shelf(name).locator(".why").allTextContents();
  const ids = (name: string): Promise<string[]> =>
    shelf(name)
      .locator(".card")
      .evaluateAll((cards) => cards.map((card) => card.dataset["id"]!));

  test("because-you waits for a liking, says which it is about, and turns to the next one", async () => {
    expect(await shelf("because-you").innerText()).toContain("Like a track, and this row");
    expect(await count("because-you")).toBe(0);
    for (const place of [0, 4]) {
      const title = await page.locator(".tile .title").nth(place).innerText();
      await stage.playFromBrowse(place);
      await stage.control("Like").click();
      await poll(heading).toBe(`Because you like “${title}”`);
      await poll(() => count("because-you")).toBeGreaterThan(5);
      const first = /^(Played along with|Sounds like) “(.*)”/.exec((await whys("because-you"))[0]!);
      expect(first?.[2]).toBe(title);
    }
  });

  test("discover weekly has 30 tracks; what is played or turned down leaves, also for later", async () => {
    await poll(() => count("discover-weekly")).toBe(30);
    const before = await ids("discover-weekly");
    const [played, refused] = [before[2]!, before[5]!];
    const card = (id: string) => shelf("discover-weekly").locator(`[data-id="${id}"]`);
    await card(played).locator("[data-card]").click();
    await poll(() => ids("discover-weekly")).not.toContain(played);
    await card(refused)
      .getByRole("button", { name: /^Not for me/ })
      .click();
    await poll(() => page.getByTestId("announcer").textContent()).toContain("will not come back");
    await poll(() => ids("discover-weekly")).not.toContain(refused);
    await page.reload();
    await poll(() => count("discover-weekly")).toBe(30);
    const after = await ids("discover-weekly");
    expect(after).not.toContain(played);
    expect(after).not.toContain(refused);
    expect(after.filter((id) => before.includes(id)).length).toBeGreaterThan(5);
  });

  test("discover weekly takes in the listener's own taste while they look on, and says how much", async () => {
    await poll(() => count("discover-weekly")).toBe(30);
    const text = () => shelf("discover-weekly").locator(".under").innerText();
    expect(await text()).toMatch(/^Tracks that rose last week/);
    // What rose was in sittings before the edition began; of a track that was in none there is nothing to tell.
    await shelf("discover-weekly").locator("[data-card]").first().click();
    await poll(text).toMatch(/^30 tracks new to you: \d+ go with what you play, \d+ rose last/);
    const said = await whys("discover-weekly");
    expect(said.filter((why) => why.startsWith("Goes with “")).length).toBeGreaterThan(0);
    expect(said.filter((why) => why === "Rose last week").length).toBeGreaterThan(5);
  });

  test("an act on a row answers the row's own list, one on the queue that of the queue", async () => {
    const sent: string[] = [];
    page.on("request", (request) => {
      const body = request.postData() ?? "";
      // What was looked at meanwhile is told as well, and names its list too.
      const id = body.includes('"Track Liked"') && /"decisionId":"([^"]+)"/.exec(body);
      if (id) sent.push(id[1]!);
    });
    await poll(() => count("trending")).toBe(20);
    const like = (where: string) =>
      page.locator(`${where} button[aria-label^="Like "][aria-pressed="false"]`).first();
    await like(".queue").click();
    await poll(() => sent.length).toBe(1);
    await like('.shelf[aria-labelledby="discover-weekly"]').click();
    await poll(() => sent.length).toBe(2);
    await like('.shelf[aria-labelledby="trending"]').click();
    await poll(() => sent.length).toBe(3);
    expect(new Set(sent).size).toBe(3);
  });

  test("trending moves when others do something, and nobody is told", async () => {
    await poll(() => count("trending")).toBe(20);
    const track = (await ids("trending"))[12]!;
    await playByOthers(track);
    await poll(async () => (await ids("trending"))[0]).toBe(track);
    expect(await shelf("trending").locator(".rank").first().innerText()).toBe("1");
    expect(await page.getByTestId("announcer").textContent()).toBe("");
  });

  test("a row is one stop of the tab key, arrows go along it, a track turned down hands the focus on", async () => {
    await poll(() => count("discover-weekly")).toBe(30);
    const stops = shelf("discover-weekly").locator("button[tabindex='0']");
    const focusedId = () =>
      page.evaluate(() => document.activeElement?.closest("li")?.dataset["id"] ?? "");
    expect(await stops.count()).toBe(3);
    await shelf("discover-weekly").locator("[data-card]").first().focus();
    await page.keyboard.press("ArrowRight");
    await page.keyboard.press("ArrowRight");
    const before = await ids("discover-weekly");
    expect(await focusedId()).toBe(before[2]);
    expect(await stops.count()).toBe(3);
    await page.keyboard.press("Tab");
    expect(await focused(page)).toMatch(/^Like /);
    await page.keyboard.press("Tab");
    expect(await focused(page)).toMatch(/^Not for me: /);
    await page.keyboard.press("Enter");
    await poll(() => ids("discover-weekly")).not.toContain(before[2]);
    expect(await focusedId()).toBe(before[3]);
    // The row fills up again meanwhile, at its end.
    await poll(async () => {
      await page.keyboard.press("End");
      return (await focusedId()) === (await ids("discover-weekly")).at(-1);
    }).toBe(true);
    await page.keyboard.press("Home");
    expect(await focusedId()).toBe(before[0]);
    await page.keyboard.press("Enter");
    await poll(() => ids("discover-weekly")).not.toContain(before[0]);
    expect(await focusedId()).toBe(before[1]);
  });

  test("a row that becomes empty under the focus hands it to its heading", async () => {
    await stage.playFromBrowse(0);
    await stage.control("Like").click();
    await poll(() => count("because-you")).toBeGreaterThan(5);
    await shelf("because-you").locator("[data-card]").first().focus();
    // As from another device: the focus stays where it is.
    await page
      .getByRole("button", { name: "Forget me" })
      .evaluate((button: HTMLButtonElement) => button.click());
    await poll(() => count("because-you")).toBe(0);
    expect(await page.evaluate(() => document.activeElement?.id)).toBe("because-you");
  });

  test("after a forgetting the rows are a stranger's as well", async () => {
    await poll(() => count("discover-weekly")).toBe(30);
    const stranger = await ids("discover-weekly");
    await stage.playFromBrowse(0);
    await stage.control("Like").click();
    await poll(heading).toMatch(/^Because you like “/);
    await page.getByRole("button", { name: "Forget me" }).click();
    await poll(heading).toBe("Because you like…");
    await poll(() => ids("discover-weekly")).toEqual(stranger);
  });
});

/** Sixty listeners play a track, over the public API. */
async function playByOthers(track: string): Promise<void> {
  const keys = JSON.parse(readFileSync(join(stage.data, "dev-keys.json"), "utf8")) as {
    serverKey: string;
  };
  const batch = Array.from({ length: 60 }, (_, i) => ({
    type: "track",
    event: "Track Played",
    userId: `other-${i}`,
    messageId: `${track} ${i}`,
    properties: { track_id: track },
  }));
  const answer = await fetch(new URL("/v1/batch", stage.player.url), {
    method: "POST",
    headers: { Authorization: `Bearer ${keys.serverKey}`, "Content-Type": "application/json" },
    body: JSON.stringify({ batch }),
  });
  expect(answer.status).toBe(200);
}
