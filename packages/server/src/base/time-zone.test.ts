import { expect, test } from "vitest";
import { isTimeZone, utcOffsetIn } from "./time-zone.ts";

const at = (text: string): number => Date.parse(`${text}Z`);

test("offsets follow the zone's clocks, to the quarter of an hour in which they are set", () => {
  const vienna = utcOffsetIn("Europe/Vienna");
  expect(vienna(at("2026-03-29T00:59:59.999"))).toBe(60);
  expect(vienna(at("2026-03-29T01:00"))).toBe(120);
  expect(vienna(at("2026-10-25T01:00"))).toBe(60);
  expect(utcOffsetIn("Asia/Kathmandu")(at("2026-01-01T00:00"))).toBe(345);
  expect(utcOffsetIn("America/St_Johns")(at("2026-01-01T00:00"))).toBe(-210);
  expect(utcOffsetIn("UTC")(at("2026-01-01T00:00"))).toBe(0);
});

test("a zone that nobody knows is none", () => {
  expect(["Europe/Vienna", "UTC", "Europe/Atlantis", ""].map(isTimeZone)).toEqual([
    true,
    true,
    false,
    false,
  ]);
});
