/** What the README and the pages around it tell a newcomer to type does what they say, as it stands there. */
import { execFile, spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, dirname, join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, test } from "vitest";
import { bareEnv } from "./attune.ts";
import { readConfig } from "../../src/config.ts";
import { serve } from "../../src/doors.ts";

const root = join(import.meta.dirname, "../../../..");
const page = (name: string): string => readFileSync(join(root, name), "utf8");
const text = page("docs/getting-started.md");
const pages = [
  "README.md",
  ...["getting-started", "api", "operating", "first-run", "live", "report"].map(
    (name) => `docs/${name}.md`,
  ),
];
let folder = "";

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "attune-readme-"));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

test("its lines import, recommend, forget and verify", () => {
  const block = /```sh\n(cat > events\.jsonl[\s\S]*?)```/.exec(text)?.[1];
  expect(block?.trim().split("\n")).toHaveLength(11);
  // In a folder of its own, so that no data directory of the developer is touched.
  const script = block!
    .replaceAll("npm run -s", `npm --prefix ${root} run -s`)
    .replace("export ATTUNE_DATA=./my-data\n", "")
    .replace("import events.jsonl", `import ${join(folder, "events.jsonl")}`);
  const path = `${dirname(process.execPath)}${delimiter}${process.env["PATH"] ?? ""}`;
  const { status, stdout, stderr } = spawnSync("bash", ["-euc", script], {
    cwd: folder,
    encoding: "utf8",
    env: bareEnv({ PATH: path, HOME: folder, ATTUNE_DATA: join(folder, "data") }),
  });
  expect({ status, stderr: status === 0 ? "" : stderr }).toEqual({ status: 0, stderr: "" });
  expect(stdout).toContain("3 records");
  const [asked, forgotten] = stdout.split("Forgotten: one subject");
  expect(asked).toMatch(/1 +desk +\d+ +in sessions that had lamp/);
  expect(forgotten).not.toContain("desk");
  expect(forgotten).toMatch(/1 user, .*: equal/);
});

test("its program over HTTP is answered with the desk, because of the lamp", async () => {
  const server = await serve({ ...readConfig({}), data: join(folder, "served"), port: 0 });
  try {
    const program = /```js\n([\s\S]*?)```/.exec(text)?.[1];
    const moved = program!
      .replace("http://127.0.0.1:4000", server.url)
      .replace("my-data/dev-keys.json", join(folder, "served", "dev-keys.json"));
    // Not `spawnSync`: the server that it asks lives in this process.
    const argv = ["--input-type=module", "--eval", moved.replace("console.log(", "printed(")];
    argv[2] = `const printed = (it) => console.log(JSON.stringify(it));\n${argv[2]}`;
    const { stdout } = await promisify(execFile)(process.execPath, argv);
    const { items } = JSON.parse(stdout) as { items: { id: string; reasons: unknown[] }[] };
    expect(items.map(({ id }) => id)).toEqual(["desk"]);
    expect(items[0]!.reasons).toContainEqual(expect.objectContaining({ because: "lamp" }));
  } finally {
    await server.close();
  }
});

test.each(pages)(
  "%s: every link leads to a file, and every script and command it names exists",
  (name) => {
    const links = [...page(name).matchAll(/(?:\]\(|src(?:set)?=")([^)#:"]+)[)#"]/g)].map(
      ([, to]) => to!,
    );
    if (name === "README.md") expect(links.length).toBeGreaterThan(12);
    for (const link of links)
      expect(existsSync(join(root, dirname(name), link)), `${name} -> ${link}`).toBe(true);
    const { scripts } = JSON.parse(page("package.json")) as { scripts: Record<string, string> };
    for (const [, script] of page(name).matchAll(/npm run (?:-s )?(\w+)/g))
      expect(scripts).toHaveProperty(script!);
    const help = spawnSync(process.execPath, [
      join(root, "packages/server/bin/attune.js"),
      "--help",
    ]);
    for (const [, command] of page(name).matchAll(/(?:run -s attune --|`attune) ([a-z]+)/g))
      expect(String(help.stdout)).toContain(`  ${command} `);
  },
);

test("the README is a shop window: one screen of it before the first headline", () => {
  const [first] = page("README.md").split("\n## ");
  expect(first).toContain("Your user skips a song. Attune has already changed what's next.");
  expect(first!.split("\n").length).toBeLessThan(25);
  expect(page("README.md").split("\n").length).toBeLessThan(100);
  const program = /```js\n([\s\S]*?)```/.exec(page("README.md"))![1]!.trim().split("\n\n");
  expect(program[1]!.split("\n")).toHaveLength(10);
});
