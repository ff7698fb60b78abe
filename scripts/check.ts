/**
 * `npm run check`: every gate in turn, each of which says how many files it read and is red when that is
 * not what the project has. All gates run even when one is red; the closing line comes last, and a red
 * gate other than the tests counts in it as one failure.
 */
import { spawn } from "node:child_process";
import { dirname, join, relative, sep } from "node:path";
import { isFormatted, isTest, isTypeScript, projectFiles } from "./files.ts";
import { missing, type Verdict, verdict } from "./verdict.ts";

const root = dirname(import.meta.dirname);
const bin = join(root, "node_modules", ".bin");
// Every tool runs on the Node of the project, also when check was started by a full path.
const env = { ...process.env, PATH: `${bin}:${process.env["PATH"] ?? ""}` };
const files = projectFiles(root);

interface Gate {
  name: string;
  run: () => Promise<Verdict>;
}

const gates: Gate[] = [
  { name: "runtime", run: runtime },
  { name: "types", run: types },
  { name: "lint", run: lint },
  { name: "format", run: format },
  { name: "dead code", run: deadCode },
  { name: "tests", run: tests },
];

let closingLine: string | undefined;

async function runtime(): Promise<Verdict> {
  const version = process.versions.node;
  const tools = await run("node", ["--version"], () => false);
  const ok = version.startsWith("24.") && tools.output.trim() === `v${version}`;
  const hint = "run `npm ci` with install scripts allowed for the package `node`";
  return { ok, note: ok ? `Node ${version}` : `Node ${version} where 24 is needed: ${hint}` };
}

async function types(): Promise<Verdict> {
  const isListed = (line: string) => line.startsWith(root + sep);
  const result = await run("tsc", ["-b", "--force", "--listFiles"], (line) => !isListed(line));
  const read = new Set(
    result.output
      .split("\n")
      .filter(isListed)
      .map((line) => relative(root, line).replaceAll(sep, "/"))
      .filter((path) => isTypeScript(path) && !/(^|\/)(node_modules|dist)\//.test(path)),
  );
  return verdict(result.code, read.size, missing(files.filter(isTypeScript), read));
}

async function lint(): Promise<Verdict> {
  const listed = await run("oxlint", ["--debug=files"], () => false);
  const read = new Set(listed.output.split("\n").map((line) => line.trim()));
  const result = await run("oxlint", []);
  const lost = missing(files.filter(isTypeScript), read);
  const finished = /Finished in .* on (\d+) files/.exec(result.output)?.[1] ?? "0";
  return verdict(result.code, Number(finished), lost, files.filter(isTypeScript).length);
}

async function format(): Promise<Verdict> {
  const result = await run("npm", ["run", "--silent", "format:check"]);
  const finished = /Finished in .* on (\d+) files/.exec(result.output)?.[1] ?? "0";
  return verdict(result.code, Number(finished), [], files.filter(isFormatted).length);
}

async function deadCode(): Promise<Verdict> {
  const reporters = ["--reporter", "symbols", "--reporter", "./scripts/knip-count.ts"];
  const result = await run("knip", ["--no-progress", ...reporters]);
  const read = /^read (\d+) files$/m.exec(result.output)?.[1] ?? "0";
  return verdict(result.code, Number(read), [], files.filter(isTypeScript).length);
}

async function tests(): Promise<Verdict> {
  const isClosing = (line: string) => /^\d+ passed, \d+ failed, \d+ skipped$/.test(line);
  const result = await run("vitest", ["run"], (line) => !isClosing(line));
  closingLine = result.output.split("\n").findLast(isClosing);
  const read = /^read (\d+) test files$/m.exec(result.output)?.[1] ?? "0";
  const verdictOfFiles = verdict(result.code, Number(read), [], files.filter(isTest).length);
  return closingLine === undefined ? { ok: false, note: "no closing line" } : verdictOfFiles;
}

interface Output {
  code: number;
  output: string;
}

/** Runs a tool, shows the lines it prints as they come (those that `show` lets through), and keeps all. */
function run(command: string, args: string[], show = (_line: string) => true): Promise<Output> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { cwd: root, env, stdio: ["ignore", "pipe", "inherit"] });
    let output = "";
    let rest = "";
    child.stdout.setEncoding("utf8").on("data", (chunk: string) => {
      output += chunk;
      const lines = (rest + chunk).split("\n");
      rest = lines.pop() ?? "";
      for (const line of lines) if (show(line)) console.log(line);
    });
    child.on("error", reject);
    child.on("close", (code) => {
      if (rest !== "" && show(rest)) console.log(rest);
      resolve({ code: code ?? 1, output });
    });
  });
}

let red = 0;
const summary: string[] = [];
for (const gate of gates) {
  console.log(`\n== ${gate.name}`);
  const start = performance.now();
  const { ok, note } = await gate.run();
  const seconds = ((performance.now() - start) / 1000).toFixed(1);
  summary.push(`${ok ? "green" : "RED  "} ${gate.name.padEnd(9)} ${note} (${seconds} s)`);
  console.log(summary.at(-1));
  if (!ok) red += 1;
  // Another Node would run every later gate wrongly, and some of them silently.
  if (!ok && gate.name === "runtime") break;
}

console.log(`\n${summary.join("\n")}\n`);
const counts = (closingLine ?? "0 passed, 0 failed, 0 skipped").match(/\d+/g) ?? [];
const [passed = 0, failed = 0, skipped = 0] = counts.map(Number);
// The failures of a test run that ended stand for its red gate.
const failures = failed > 0 ? failed + red - 1 : red;
console.log(`${passed} passed, ${failures} failed, ${skipped} skipped`);
process.exitCode = failures > 0 ? 1 : 0;
