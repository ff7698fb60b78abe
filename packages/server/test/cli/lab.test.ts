/** `attune lab` as a process: a log without exploration is refused with what to change, mistakes are named. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { attuneIn } from "./attune.ts";

let folder = "";

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "attune-lab-"));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function attune(...argv: string[]) {
  return attuneIn(folder, join(folder, "data"), argv);
}

function imported(name: string, lines: readonly object[]): void {
  writeFileSync(join(folder, name), lines.map((line) => `${JSON.stringify(line)}\n`).join(""));
  const { status, stderr } = attune("import", name, "--basis", "legitimate-interest");
  expect({ status, stderr: status === 0 ? "" : stderr }).toEqual({ status: 0, stderr: "" });
}

const time = (minute: number): string => new Date(Date.UTC(2026, 5, 1, 8, minute)).toISOString();

test("an unexplored log is refused, and the same list needs no exploration", () => {
  const views = Array.from({ length: 60 }, (_, i) => ({
    type: "track",
    event: "Product Viewed",
    userId: `u${i % 10}`,
    properties: { product_id: `i${(i * 7) % 11}` },
    timestamp: time(i),
  }));
  imported("views.jsonl", views);
  const { status, stderr } = attune("lab", "--sources", "popular=1");
  expect(status).toBe(1);
  expect(stderr).toContain("no answer of this placement was logged");

  const answered = attune("recommend", "u1", "--limit", "5", "--json");
  const { decisionId } = JSON.parse(answered.stdout) as { decisionId: string };
  expect(attune("lab", "--sources", "popular=1").stderr).toContain("Send the event `seen`");

  const seen = { type: "seen", userId: "u1", decisionId, slots: [0, 1, 2], at: time(61) };
  writeFileSync(join(folder, "seen.jsonl"), `${JSON.stringify(seen)}\n`);
  const wrote = attune("import", "seen.jsonl", "--format", "jsonl");
  expect({ status: wrote.status, stdout: wrote.stdout }).toMatchObject({ status: 0 });
  const refused = attune("lab", "--sources", "popular=1");
  expect(refused.stdout).toContain("answers that count");
  expect(refused.stderr).toContain("no exploration was logged: all 5 slots have propensity 1");
  expect(refused.status).toBe(1);
  const asJson = attune("lab", "--sources", "popular=1", "--json");
  const result = JSON.parse(asJson.stdout) as { refusal: string; report: { refusal: string } };
  expect(result.report.refusal).toBe("no exploration");
  expect(result.refusal).toContain("Give the placement an exploration budget");

  const same = attune("lab", "--as", "up-next");
  expect(same.stdout).toContain("Every answer would have been the same: 0.0000");
  expect(same.status).toBe(0);
}, 60_000);

test.each([
  [["lab"], "say what to compare with"],
  [["lab", "--as", "foryou"], "did you mean for-you?"],
  [["lab", "--sources", "neighbors=1"], "there is no source neighbors"],
  [["lab", "--sources", "rules=2"], "give a number above 0, up to 1"],
  [["lab", "--as", "trending", "--outcome", "plays"], "--outcome is one of"],
])("%j is answered with what is wrong", (argv, message) => {
  const { status, stderr } = attune(...argv);
  expect(stderr).toContain(message);
  expect(status).toBe(2);
});

test("--simulate gives both kinds of exploration with their exact truth", () => {
  const { status, stdout } = attune("lab", "--simulate", "--runs", "3", "--json");
  expect(status).toBe(0);
  const results = JSON.parse(stdout) as {
    exploration: string;
    report: { estimates: unknown[] };
    calibration: { truth: number; runs: number };
  }[];
  expect(results.map(({ exploration }) => exploration)).toEqual(["slot", "tail"]);
  for (const { report, calibration } of results) {
    expect(report.estimates).toHaveLength(7);
    expect(calibration.truth).toBeGreaterThan(0);
  }
});
