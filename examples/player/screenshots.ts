/**
 * `node examples/player/screenshots.ts`: pictures of the real player for docs/, taken in Chromium after some
 * plays, a skip and a like; a fresh folder and the whole crowd, so they show what a newcomer sees.
 */
import { mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Browser, chromium, type Page } from "playwright-core";
import { readConfig } from "../../packages/server/src/config.ts";
import { startPlayer } from "./server/player.ts";
import { browserArguments, browserPath } from "./test/browser.ts";

const docs = join(import.meta.dirname, "../../docs");
const bytesMax = 300_000;

interface Picture {
  name: string;
  colorScheme: "light" | "dark";
  viewport: { width: number; height: number };
  isPhone?: boolean;
  isComparing?: boolean;
  /** Of the rows below the queue. */
  isOfRows?: boolean;
}

const pictures: Picture[] = [
  { name: "player-light", colorScheme: "light", viewport: { width: 1280, height: 860 } },
  {
    name: "player-dark",
    colorScheme: "dark",
    viewport: { width: 1280, height: 860 },
    isComparing: true,
  },
  {
    name: "player-phone",
    colorScheme: "light",
    viewport: { width: 390, height: 844 },
    isPhone: true,
  },
  {
    name: "player-rows",
    colorScheme: "light",
    viewport: { width: 1280, height: 860 },
    isOfRows: true,
  },
];

async function act(page: Page): Promise<void> {
  const settled = (): Promise<void> => page.waitForTimeout(900);
  const control = (name: string) =>
    page.getByRole("group", { name: "Controls" }).getByRole("button", { name });
  await page.locator(".row").first().waitFor();
  await page.getByRole("button", { name: "Hip-Hop", exact: true }).click();
  await page.locator(".tile").nth(2).click();
  await settled();
  await page.locator(".row .pick").nth(3).click();
  await settled();
  await control("Like").click();
  await settled();
  await page.locator(".row .pick").nth(2).click();
  await settled();
  await control("Skip").click();
  await settled();
}

async function take(browser: Browser, url: string, picture: Picture): Promise<void> {
  const {
    name,
    colorScheme,
    viewport,
    isPhone = false,
    isComparing = false,
    isOfRows = false,
  } = picture;
  const context = await browser.newContext({
    viewport,
    colorScheme,
    isMobile: isPhone,
    hasTouch: isPhone,
    deviceScaleFactor: isPhone ? 2 : 1.25,
  });
  const page = await context.newPage();
  await page.goto(url);
  await act(page);
  if (isComparing) await page.getByRole("radio", { name: "Compare three" }).check();
  else if (!isPhone && !isOfRows) await page.getByRole("button", { name: /^Why / }).nth(1).click();
  await page.mouse.move(0, 0);
  await page.evaluate((isBelow) => {
    const rows = document.querySelector(".shelves")!.getBoundingClientRect().top;
    scrollTo(0, isBelow ? rows - 24 : 0);
  }, isOfRows);
  await page.waitForTimeout(4_000);
  const path = join(docs, `${name}.png`);
  await page.screenshot({ path });
  await context.close();
  const bytes = statSync(path).size;
  console.log(`${name}: ${bytes} bytes`);
  if (bytes > bytesMax) throw new Error(`${path} is larger than ${bytesMax} bytes`);
}

const data = mkdtempSync(join(tmpdir(), "attune-pictures-"));
const player = await startPlayer(
  readConfig({ ATTUNE_DATA: data, ATTUNE_PORT: "0", ATTUNE_LOG_LEVEL: "warn" }),
);
await player.arrived;
const browser = await chromium.launch({ executablePath: browserPath, args: browserArguments });
try {
  for (const picture of pictures) await take(browser, player.url, picture);
} finally {
  await browser.close();
  await player.close();
  rmSync(data, { recursive: true, force: true });
}
