/** The files for running Attune elsewhere: read and checked here, built where there is an engine for it. */
import { spawnSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";

const root = join(import.meta.dirname, "../../..");
const read = (name: string): string => readFileSync(join(root, name), "utf8");
const hasSystemd = existsSync("/usr/bin/systemd-analyze");

/** Instructions of a Dockerfile, continued lines joined. */
function instructions(text: string): [name: string, rest: string][] {
  const lines = text.replaceAll(/\\\n\s*/g, " ").split("\n");
  return lines
    .filter((line) => line !== "" && !line.startsWith("#"))
    .map((line) => [line.split(" ")[0]!, line.slice(line.indexOf(" ") + 1)]);
}

function faults(text: string): string[] {
  const steps = instructions(text);
  const names = steps.map(([name]) => name);
  const found: string[] = [];
  const base = steps.find(([name]) => name === "FROM")?.[1] ?? "";
  if (!/^node:\d+\.\d+\.\d+-/.test(base)) found.push("the base image is not pinned");
  const user = steps.find(([name]) => name === "USER")?.[1];
  if (user === undefined || user === "root" || user === "0") found.push("it runs as root");
  if (names.lastIndexOf("USER") > names.indexOf("CMD")) found.push("USER stands behind CMD");
  if (names.includes("ADD")) found.push("ADD instead of COPY");
  if (!names.includes("HEALTHCHECK")) found.push("no HEALTHCHECK");
  if (!/^CMD \[/m.test(text)) found.push("CMD is no list, so signals do not arrive");
  return found;
}

test("the image runs as nobody special, from a pinned base, and gets its signals", () => {
  expect(faults(read("deploy/Dockerfile"))).toEqual([]);
});

test("the check of the image finds planted faults", () => {
  const planted = read("deploy/Dockerfile")
    .replace(/^FROM .*/m, "FROM node:latest")
    .replace("USER node\n", "")
    .replace(/^CMD .*/m, "CMD node main.ts");
  expect(faults(planted)).toHaveLength(3);
});

test("everything that the image copies is there and not ignored", () => {
  const ignore = read(".dockerignore").split("\n");
  for (const [name, rest] of instructions(read("deploy/Dockerfile"))) {
    if (name !== "COPY") continue;
    for (const source of rest.split(" ").slice(0, -1)) {
      expect(existsSync(join(root, source)), source).toBe(true);
      expect(ignore, source).toContain(`!${source}`);
    }
  }
});

test("the workspaces that npm looks for are all copied", () => {
  const { packages } = JSON.parse(read("package-lock.json")) as {
    packages: Record<string, unknown>;
  };
  const workspaces = Object.keys(packages).filter((path) => /^(packages|examples)\//.test(path));
  for (const path of workspaces.filter((path) => !path.includes("node_modules")))
    expect(read("deploy/Dockerfile")).toContain(`${path}/package.json`);
});

test.skipIf(!hasSystemd)("systemd finds nothing wrong with the unit", () => {
  const unit = join(root, "deploy/attune.service");
  const { status, stderr } = spawnSync("systemd-analyze", ["verify", unit], { encoding: "utf8" });
  expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
});
