/**
 * Lint rules. Most of the file is the dependency table of the rooms once more: project references stop a
 * forbidden room at compile time, but they are transitive and do not see packages imported by name, so the
 * rest of the table is held here. Change it together with the `references` in the room's tsconfig.json.
 */
import { defineConfig, type OxlintConfig } from "oxlint";

type Rules = NonNullable<OxlintConfig["rules"]>;

type Room = { files: string; imports: string[]; protocol: boolean; pure: boolean };

const server = "packages/server/src";

/** What each room may import besides itself. `pure`: no package and no node module by name. */
const rooms: Record<string, Room> = {
  protocol: { files: "packages/protocol/src", imports: [], protocol: false, pure: true },
  base: { files: `${server}/base`, imports: [], protocol: false, pure: true },
  log: { files: `${server}/log`, imports: ["base"], protocol: false, pure: false },
  fold: { files: `${server}/core/fold`, imports: ["base"], protocol: true, pure: true },
  // Of fold, sum sees `contribution.ts` alone: `exceptions` below.
  sum: { files: `${server}/core/sum`, imports: ["base"], protocol: false, pure: true },
  rank: {
    files: `${server}/core/rank`,
    imports: ["base", "fold", "sum"],
    protocol: true,
    pure: true,
  },
  engine: {
    files: `${server}/engine`,
    imports: ["base", "log", "fold", "sum", "rank"],
    protocol: true,
    pure: false,
  },
  access: { files: `${server}/access`, imports: ["base"], protocol: true, pure: false },
  ingest: {
    files: `${server}/ingest`,
    imports: ["base", "log", "access"],
    protocol: true,
    pure: false,
  },
  // Doors never import one another: what all of them need lies in access, what joins them in main.
  serve: {
    files: `${server}/serve`,
    imports: ["base", "log", "fold", "engine", "access"],
    protocol: true,
    pure: false,
  },
  deliver: {
    files: `${server}/deliver`,
    imports: ["base", "engine", "access"],
    protocol: true,
    pure: false,
  },
  admin: {
    files: `${server}/admin`,
    imports: ["base", "engine", "access"],
    protocol: true,
    pure: false,
  },
  eval: {
    files: `${server}/eval`,
    imports: ["base", "fold", "sum", "rank"],
    protocol: true,
    pure: false,
  },
};

const exceptions: Record<string, string[]> = { sum: ["**/fold/contribution.ts"] };

/** Rooms that no other room imports. */
const top = ["cli", "main.ts", "config.ts"];

function importRules(name: string, room: Room): Rules {
  const forbidden = [...Object.keys(rooms), "cli"].filter(
    (other) => other !== name && other !== "protocol" && !room.imports.includes(other),
  );
  const patterns = [
    {
      group: [
        ...forbidden.map((other) => `**/${other}/**`),
        ...top.filter((file) => file.endsWith(".ts")).map((file) => `../**/${file}`),
        ...(exceptions[name] ?? []).map((file) => `!${file}`),
      ],
      message: `The room ${name} may not import this one: see the dependency table in oxlint.config.ts.`,
    },
    {
      group: ["@attune/*", ...(room.protocol ? ["!@attune/protocol"] : [])],
      message: `The room ${name} may not import this package of ours by name.`,
    },
    ...(room.pure
      ? [{ regex: "^(@[^a]|@a[^t]|[a-z])", message: `The room ${name} is pure: no packages.` }]
      : []),
  ];
  return { "no-restricted-imports": ["error", { patterns }] };
}

/** Their last bit may differ between engine versions, and a replay must not. */
const transcendental = [
  "acos acosh asin asinh atan atan2 atanh cbrt cos cosh exp expm1 hypot",
  "log log10 log1p log2 pow sin sinh tan tanh",
]
  .join(" ")
  .split(" ");

const restrictedProperties = [
  { object: "Math", property: "random", message: "Chance is a parameter: use base/prng." },
  ...transcendental.map((property) => ({
    object: "Math",
    property,
    message: "The last bit may differ between engine versions: use integers or a table.",
  })),
  { property: "localeCompare", message: "Depends on the machine's locale: compare code units." },
];

const restrictedGlobals = [
  { name: "globalThis", message: "A way round the names below." },
  { name: "Date", message: "Time is a parameter: it enters with the record." },
  { name: "Intl", message: "Depends on the machine." },
  { name: "Promise", message: "Core is synchronous." },
  { name: "WeakRef", message: "Depends on the garbage collector." },
  { name: "FinalizationRegistry", message: "Depends on the garbage collector." },
];

export default defineConfig({
  plugins: ["typescript", "unicorn", "oxc", "import", "vitest"],
  categories: { correctness: "error" },
  options: { typeAware: true, denyWarnings: true, reportUnusedDisableDirectives: "error" },
  ignorePatterns: ["**/node_modules/**", "**/dist/**", "**/.attune/**", "**/.tmp/**"],
  rules: {
    eqeqeq: "error",
    "import/no-cycle": ["error", { ignoreTypes: false }],
    "max-lines": ["error", { max: 500 }],
    "max-lines-per-function": ["error", { max: 70 }],
    "no-var": "error",
    "oxc/no-barrel-file": ["error", { threshold: 0 }],
    "prefer-const": "error",
    "typescript/await-thenable": "error",
    // `name?: string | undefined` is how optional things are written here.
    "typescript/no-duplicate-type-constituents": "off",
    "typescript/no-explicit-any": "error",
    "typescript/no-floating-promises": "error",
    "typescript/no-misused-promises": "error",
    "typescript/no-misused-spread": ["error", { allow: ["string"] }],
    // Rooms hand each other plain objects of functions, which may be taken apart.
    "typescript/unbound-method": "off",
    "unicorn/filename-case": ["error", { case: "kebabCase" }],
    "unicorn/prefer-node-protocol": "error",
  },
  overrides: [
    ...Object.entries(rooms).map(([name, room]) => ({
      files: [`${room.files}/**/*.ts`],
      rules: importRules(name, room),
    })),
    {
      files: [`${server}/config.ts`],
      rules: {
        "no-restricted-imports": [
          "error",
          { patterns: [{ group: ["./**", "!./base/**"], message: "Config knows no room." }] },
        ],
      },
    },
    {
      files: [`${server}/base/**/*.ts`, `${server}/core/**/*.ts`],
      rules: { "no-restricted-properties": ["error", ...restrictedProperties] },
    },
    {
      files: [`${server}/core/**/*.ts`],
      rules: {
        "no-restricted-globals": ["error", ...restrictedGlobals],
        "oxc/no-async-await": "error",
      },
    },
    // The published entry of a package is the one barrel it may have.
    { files: ["packages/*/src/index.ts"], rules: { "oxc/no-barrel-file": "off" } },
    {
      // Tests may look at everything; a describe block is not a function to keep short.
      files: ["**/*.test.ts", "packages/server/test/**/*.ts", "examples/*/test/**/*.ts"],
      rules: {
        "max-lines-per-function": "off",
        "no-restricted-globals": "off",
        "no-restricted-imports": "off",
        "no-restricted-properties": "off",
        "oxc/no-async-await": "off",
        // Contract suites hold their expectations in functions of their own.
        "vitest/expect-expect": "off",
        "vitest/no-conditional-expect": "off",
        "vitest/no-standalone-expect": "off",
        "vitest/valid-title": "off",
        // A second argument is the message of the failure.
        "vitest/valid-expect": ["error", { maxArgs: 2 }],
      },
    },
  ],
});
