/** Builds the page with vite when there is no build, or an older one than its sources. */
import { existsSync, readdirSync, statSync, utimesSync } from "node:fs";
import { join } from "node:path";

export const home = join(import.meta.dirname, "..");
export const distFolder = join(home, "dist");

/** True when it built. */
export async function buildIfStale(): Promise<boolean> {
  const built = join(distFolder, "index.html");
  if (existsSync(built) && statSync(built).mtimeMs >= newestSource()) return false;
  // Only a start that builds pays for loading the bundler.
  const { build } = await import("vite");
  const { default: react } = await import("@vitejs/plugin-react");
  await build({
    root: join(home, "src"),
    base: "/player/",
    configFile: false,
    logLevel: "warn",
    plugins: [react()],
    publicDir: false,
    build: {
      outDir: distFolder,
      emptyOutDir: true,
      target: "es2023",
      reportCompressedSize: false,
      chunkSizeWarningLimit: 1_000,
    },
  });
  const now = new Date();
  utimesSync(built, now, now);
  return true;
}

function newestSource(): number {
  const folders = ["src", "catalogue"].map((name) => join(home, name));
  const files = folders.flatMap((folder) =>
    readdirSync(folder, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile() && !entry.name.endsWith(".test.ts"))
      .map((entry) => join(entry.parentPath, entry.name)),
  );
  const shared = [join(home, "chance.ts"), join(home, "package.json")];
  return Math.max(...[...files, ...shared].map((path) => statSync(path).mtimeMs));
}
