import { expect, test } from "vitest";
import { rewardSlice } from "./context.ts";
import { rewardSlices } from "./contribution.ts";

const monday = Date.UTC(2026, 5, 1);
const hour = 3_600_000;

test("a slice of what lists earn is a class of device by a part of the day, by the clocks of the tenant", () => {
  const devices = ["phone", "tablet", "desktop", "tv", "car", "fridge"];
  const slices = devices.flatMap((device) =>
    [0, 6, 12, 18].map((at) => rewardSlice({ device }, monday + at * hour)),
  );
  expect(slices.toSorted((a, b) => a - b)).toEqual(
    Array.from({ length: rewardSlices - 1 }, (_, i) => i + 1),
  );
  const at = (device: string, hours: number, utcOffset = 0) =>
    rewardSlice({ device, utcOffset }, monday + hours * hour);
  expect(at("watch", 3)).toBe(at("phone", 5));
  expect(at("console", 3)).toBe(at("tv", 3));
  expect(at("speaker", 3)).toBe(at("car", 3));
  // Weekday or not, a part of the day is the same; six in the evening in India is half past noon by UTC.
  expect(at("phone", 5 * 24 + 3)).toBe(at("phone", 3));
  expect(at("phone", 12.5, 330)).toBe(at("phone", 18));
  expect(at("phone", 12.5, 330)).not.toBe(at("phone", 12.5));
});

test("a request that states nothing has the slice of none, at any time", () => {
  for (let hours = 0; hours < 24; hours++) {
    expect(rewardSlice(undefined, monday + hours * hour)).toBe(0);
    expect(rewardSlice({}, monday + hours * hour)).toBe(0);
    // The server says the zone of the tenant of itself: that is no circumstance.
    expect(rewardSlice({ utcOffset: 60 }, monday + hours * hour)).toBe(0);
    expect(rewardSlice({ place: "gym" }, monday + hours * hour)).toBeGreaterThan(0);
  }
});
