import { describe, expect, test } from "vitest";
import { readConfig, type SettingName, settings, slices, variableOf } from "./config.ts";

const integers = (Object.keys(settings) as SettingName[]).filter(
  (name) => settings[name].kind === "integer",
);

describe("settings", () => {
  test("have their defaults, frozen, and a slice has its own and nothing else", () => {
    const config = readConfig({ PATH: "/bin", ATTUNE_SEED: "7" });
    expect(config.eventBytesMax).toBe(32_768);
    expect(Object.isFrozen(config)).toBe(true);
    const { hotUsersMax, decisionDelayMsMax, shadowDecisionsPerSMax, easeCorePermille } = config;
    expect(slices(config).engine).toEqual({
      hotUsersMax,
      decisionDelayMsMax,
      shadowDecisionsPerSMax,
      easeCorePermille,
    });
    expect(Object.isFrozen(slices(config).ingest)).toBe(true);
  });

  test("come from the environment, and a flag wins", () => {
    const environment = { ATTUNE_EVENT_BYTES_MAX: "40_000", ATTUNE_DATA: "/x" };
    expect(readConfig(environment)).toMatchObject({ eventBytesMax: 40_000, data: "/x" });
    expect(readConfig(environment, { data: "/y" }).data).toBe("/y");
  });

  test.each(integers)("%s holds at its bounds and not beyond them", (name) => {
    const { min, max } = settings[name] as { min: number; max: number };
    const at = (value: number) => () => readConfig({ [variableOf(name)]: String(value) });
    expect(at(min)()[name]).toBe(min);
    expect(at(max)()[name]).toBe(max);
    expect(at(max + 1)).toThrow(variableOf(name));
    expect(at(min - 1)).toThrow(variableOf(name));
  });

  test.each(["", "many", "1.5", "-1", "1e3", "0x10"])("refuse the number %j", (text) => {
    expect(() => readConfig({}, { partitions: text })).toThrow(
      /partitions is .* whole number from 1/,
    );
  });

  test("unknown ones are refused with the name that was meant", () => {
    expect(() => readConfig({ ATTUNE_DATE: "x" })).toThrow("did you mean ATTUNE_DATA?");
    expect(() => readConfig({}, { eventByteMax: "1" })).toThrow("did you mean eventBytesMax?");
    expect(() => readConfig({}, { constructor: "1" })).toThrow("There is no setting constructor");
  });
});
