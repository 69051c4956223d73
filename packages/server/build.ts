/** `npm run build`: writes the server as a few JavaScript files to `dist/`, with the packages that it uses. */

import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { rolldown } from "rolldown";
import { bundlePlugins, failOnLog, unusedModules } from "./build/bundle-plugins.ts";
import { buildDashboard } from "./build/dashboard-files.ts";
import { licencesOf } from "./build/licences.ts";
import manifest from "./package.json" with { type: "json" };

const dist = join(import.meta.dirname, "dist");

await using bundle = await rolldown({
  cwd: import.meta.dirname,
  input: ["src/cli/main.ts", "src/store/sqlite/database-thread.ts"],
  platform: "node",
  resolve: {
    conditionNames: ["ringback-source", "node"],
    alias: {
      // @fastify/swagger loads yaml for documents in YAML, which the server does not have. The server itself loads yaml
      // through `createRequire`, which is not bundled.
      yaml: false,
      ...unusedModules,
    },
  },
  // npm installs these with the package.
  external: Object.keys(manifest.dependencies).filter((name) => name !== "yaml"),
  plugins: [...bundlePlugins],
  onLog: failOnLog,
});
const { output } = await bundle.generate({
  // The thread's file must be beside the file that starts the thread, whichever of the files that is.
  chunkFileNames: "[name].js",
  sourcemap: true,
  sourcemapExcludeSources: true,
  // The documentation comments of all packages would take 2 MB of memory in each server.
  comments: { legal: true, annotation: false, jsdoc: false },
});
const dashboard = await buildDashboard();
const files = new Map(
  output.map((file) => [file.fileName, Buffer.from(file.type === "chunk" ? file.code : file.source) as Uint8Array]),
);
for (const [name, bytes] of dashboard.files) files.set(join("dashboard", name), bytes);
const modules = output.flatMap((file) => (file.type === "chunk" ? file.moduleIds : []));
files.set("LICENSES.txt", Buffer.from(licencesOf([...modules, ...dashboard.modules])));
if (!isWritten(files)) replaceFiles(files);

/** Replaces the whole folder at once, so a server that starts meanwhile does not find a mixture of two builds. */
function replaceFiles(files: ReadonlyMap<string, Uint8Array>): void {
  const [fresh, old] = [`${dist}-${process.pid}-new`, `${dist}-${process.pid}-old`];
  mkdirSync(fresh);
  for (const [name, bytes] of files) {
    mkdirSync(dirname(join(fresh, name)), { recursive: true });
    writeFileSync(join(fresh, name), bytes);
  }
  if (existsSync(dist)) renameSync(dist, old);
  renameSync(fresh, dist);
  rmSync(old, { recursive: true, force: true });
}

function isWritten(files: ReadonlyMap<string, Uint8Array>): boolean {
  if (statSync(dist, { throwIfNoEntry: false })?.isDirectory() !== true) return false;
  const written = readdirSync(dist, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  if (written.length !== files.size) return false;
  return [...files].every(([name, bytes]) => {
    const file = join(dist, name);
    return existsSync(file) && readFileSync(file).equals(bytes);
  });
}
