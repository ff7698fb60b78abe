/**
 * The page of `attune report` in Chromium: readable by WCAG 2.2 AA in light and dark, as wide as a phone, and inert
 * whatever the table held. Skipped where there is no /usr/bin/chromium.
 */
import { existsSync } from "node:fs";
import axe from "axe-core";
import { type Browser, chromium, type Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { Prng } from "../../src/base/prng.ts";
import { History } from "../../src/eval/report/history.ts";
import { pageOf } from "../../src/eval/report/page.ts";
import { reportOn } from "../../src/eval/report/report.ts";

const executablePath = "/usr/bin/chromium";
const isThere = existsSync(executablePath);
const why = isThere ? "" : ` (skipped: there is no ${executablePath})`;
const evil = `"><img src=x onerror="document.title='taken'"><script>document.title='taken'</script>`;

let browser: Browser;
let html = "";

function history(): History {
  const prng = new Prng(3);
  const history = new History(10_000);
  for (let session = 0; session < 60; session++) {
    for (let step = 0; step < 6; step++) {
      const item = `${evil} ${prng.below(30)} ${"long".repeat(20)}`;
      const at = Date.UTC(2026, 5, 1) + session * 600_000 + step * 50_000;
      history.add({ user: `u${session % 20}`, item, type: "view", strength: 1, at });
    }
  }
  history.sort();
  return history;
}

beforeAll(async () => {
  if (!isThere) return;
  browser = await chromium.launch({ executablePath, args: ["--no-sandbox"] });
  html = pageOf(`${evil}.csv`, reportOn(history(), { baseBytes: 0 }), {
    columns: { user: "who", item: evil, time: "when" },
    rows: 362,
    refused: 1,
    refusals: [{ line: 7, reason: evil }],
    without: [{ name: evil, rows: 1 }],
    withoutEffect: 1,
    interactionsMax: 10_000,
  });
});
afterAll(async () => browser?.close());

/** What axe finds against WCAG 2.2 AA. Its source goes in past the page's own policy, which lets nothing in. */
async function findings(page: Page): Promise<string[]> {
  await page.evaluate(axe.source);
  return page.evaluate(async () => {
    const { axe: injected } = globalThis as unknown as { axe: typeof axe };
    const values = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"];
    const { violations } = await injected.run({ runOnly: { type: "tag", values } });
    return violations.map(({ id, nodes }) => `${id}: ${nodes[0]?.html}`);
  });
}

describe.skipIf(!isThere)(`the page in Chromium${why}`, { timeout: 60_000 }, () => {
  test.each(["light", "dark"] as const)("axe finds nothing in %s", async (colorScheme) => {
    const page = await browser.newPage({ colorScheme });
    await page.setContent(html);
    expect(await findings(page)).toEqual([]);
    // The control: a picture without words and a page without a language are found.
    await page.setContent(html.replace("<h1>", '<h1><img src="">').replaceAll(' lang="en"', ""));
    expect(await findings(page)).not.toEqual([]);
    await page.close();
  });

  test("on a phone nothing but tables is wider than the screen", async () => {
    const page = await browser.newPage({ viewport: { width: 360, height: 700 } });
    await page.setContent(html);
    expect(await page.evaluate("document.documentElement.scrollWidth")).toBe(360);
    await page.close();
  });

  test("what the table held is text and does nothing", async () => {
    const page = await browser.newPage();
    const asked: string[] = [];
    page.on("request", (request) => asked.push(request.url()));
    await page.setContent(html);
    expect(await page.title()).toContain("Attune on");
    expect(await page.evaluate("document.querySelectorAll('img, script').length")).toBe(0);
    expect(asked).toEqual([]);
    await page.close();
  });
});
