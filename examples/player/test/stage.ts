/**
 * A real player and a browser before it: port 0, a fresh folder, a small crowd that is paused, so that nothing
 * but the visitor moves a list.
 */
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Browser, type BrowserContext, chromium, type Page } from "playwright-core";
import { expect } from "vitest";
import { readConfig } from "../../../packages/server/src/config.ts";
import { type Player, startPlayer } from "../server/player.ts";
import { browserArguments, browserPath } from "./browser.ts";

export const hasBrowser = existsSync(browserPath);
if (!hasBrowser) console.log(`the player was not tried: there is no ${browserPath}`);

/** Patient, since machines that test are busy. */
export const poll = <T>(read: () => T) => expect.poll(read, { timeout: 20_000 });

export class Stage {
  data = "";
  player!: Player;
  #browser!: Browser;
  #context!: BrowserContext;
  #page!: Page;
  #faults: string[] = [];

  async start(): Promise<void> {
    if (!hasBrowser) return;
    this.data = mkdtempSync(join(tmpdir(), "attune-player-"));
    const settings = { ATTUNE_DATA: this.data, ATTUNE_PORT: "0", ATTUNE_LOG_LEVEL: "warn" };
    // Nine days: whatever day it is, some of them lie before the week's edition.
    const crowd = { listeners: 150, sittings: 600, days: 9, eventsPerS: 3 };
    this.player = await startPlayer(readConfig(settings), crowd);
    await this.player.arrived;
    this.player.crowd.pause(true);
    this.#browser = await chromium.launch({ executablePath: browserPath, args: browserArguments });
  }

  async stop(): Promise<void> {
    if (!hasBrowser) return;
    await this.#browser.close();
    await this.player.close();
    rmSync(this.data, { recursive: true, force: true });
  }

  /** A new visitor. */
  async open(options: Parameters<Browser["newContext"]>[0] = {}): Promise<Page> {
    const viewport = { width: 1280, height: 860 };
    this.#context = await this.#browser.newContext({ viewport, ...options });
    this.#page = await this.#context.newPage();
    this.#faults = [];
    this.#page.on("pageerror", (error) => this.#faults.push(String(error)));
    this.#page.on("console", (message) => {
      if (message.type() === "error") this.#faults.push(message.text());
    });
    await this.#page.goto(this.player.url);
    await this.#page.locator(".row").first().waitFor();
    return this.#page;
  }

  /** The visitor goes, and nothing went wrong meanwhile. */
  async leave(): Promise<void> {
    expect(this.#faults).toEqual([]);
    await this.#context.close();
  }

  titles(): Promise<string[]> {
    return this.#page.locator(".queue .row .title").allTextContents();
  }

  control(name: string) {
    return this.#page.getByRole("group", { name: "Controls" }).getByRole("button", { name });
  }

  /** Waits until the list is another one, and gives it. */
  async changed(before: readonly string[]): Promise<string[]> {
    await poll(() => this.titles()).not.toEqual(before);
    return this.titles();
  }

  async playFromBrowse(place: number): Promise<string[]> {
    const before = await this.titles();
    await this.#page.locator(".tile").nth(place).click();
    return this.changed(before);
  }
}

export function focused(page: Page): Promise<string | null> {
  return page.evaluate(() => {
    const element = document.activeElement;
    return element?.getAttribute("aria-label") ?? element?.textContent ?? null;
  });
}
