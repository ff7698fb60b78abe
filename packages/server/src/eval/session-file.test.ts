import { expect, test } from "vitest";
import { parseSessions, withoutRepeats } from "./session-file.ts";

const header = "SessionId\tItemId\tTime\n";

test("a session is sorted by time, clicks of one time in the order of the file", () => {
  const rows = "1\ta\t20.5\n2\tx\t3\n1\tb\t10\n1\tc\t10\n";
  expect(parseSessions(header + rows, "f")).toEqual([
    { id: "1", items: ["b", "c", "a"], at: [10_000, 10_000, 20_500] },
    { id: "2", items: ["x"], at: [3_000] },
  ]);
});

test("a row that is no click is named", () => {
  expect(() => parseSessions(`${header}1\ta\tsoon\n`, "f.txt")).toThrow("f.txt: row 2");
  expect(() => parseSessions("Session\tItem\n", "f.txt")).toThrow("no column SessionId");
});

test("without repeats, consecutive ones go, later returns stay, and single clicks are no session", () => {
  const rows = "1\ta\t1\n1\ta\t2\n1\tb\t3\n1\ta\t4\n2\tx\t1\n2\tx\t2\n";
  expect(withoutRepeats(parseSessions(header + rows, "f"))).toEqual([
    { id: "1", items: ["a", "b", "a"], at: [1_000, 3_000, 4_000] },
  ]);
});
