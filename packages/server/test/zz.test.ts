import { expect, test, describe, beforeAll } from "vitest";
import fc from "fast-check";
test("a", () => expect(fc.readConfigureGlobal().seed).toBe(Number(process.env.ATTUNE_SEED)));
test("b", ({ skip }) => skip("no docker here"));
test.skip("c", () => {});
test("d", () => expect(1).toBe(2));
describe("s", () => { beforeAll(() => { throw new Error("hook"); }); test("e", () => {}); test("e2", () => {}); });
