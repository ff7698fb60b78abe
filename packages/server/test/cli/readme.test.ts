/** The README's lines for one's own data do what it says, as they stand there. */
import { execFile, spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, dirname, join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, test } from "vitest";
import { readConfig } from "../../src/config.ts";
import { serve } from "../../src/doors.ts";

const root = join(import.meta.dirname, "../../../..");
const text = readFileSync(join(root, "README.md"), "utf8");
let folder = "";

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "attune-readme-"));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

test("its lines import, recommend, forget and verify", () => {
  const block = /```sh\n(cat > events\.jsonl[\s\S]*?)```/.exec(text)?.[1];
  expect(block?.trim().split("\n")).toHaveLength(10);
  // In a folder of its own, so that no data directory of the developer is touched.
  const script = block!
    .replaceAll("npm run -s", `npm --prefix ${root} run -s`)
    .replace("import events.jsonl", `import ${join(folder, "events.jsonl")}`);
  const path = `${dirname(process.execPath)}${delimiter}${process.env["PATH"] ?? ""}`;
  const { status, stdout, stderr } = spawnSync("bash", ["-euc", script], {
    cwd: folder,
    encoding: "utf8",
    env: {
      PATH: path,
      HOME: folder,
      ATTUNE_DATA: join(folder, "data"),
    } as unknown as NodeJS.ProcessEnv,
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
      .replace(".attune/dev-keys.json", join(folder, "served", "dev-keys.json"));
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

test("every link leads to a file, and every script it names exists", () => {
  const links = [...text.matchAll(/\]\(([^)#:]+)\)/g)].map(([, link]) => link!);
  expect(links.length).toBeGreaterThan(5);
  for (const link of links) expect(() => readFileSync(join(root, link))).not.toThrow(/ENOENT/);
  const { scripts } = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as {
    scripts: Record<string, string>;
  };
  for (const [, name] of text.matchAll(/npm run (?:-s )?(\w+)/g))
    expect(scripts).toHaveProperty(name!);
});
