/** `npm run build`: writes the server as a few JavaScript files to `dist/`, with the packages that it uses. */

import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { rolldown } from "rolldown";
import { bundlePlugins, failOnLog, unusedModules } from "./build/bundle-plugins.ts";
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
const files = new Map(output.map((file) => [file.fileName, file.type === "chunk" ? file.code : String(file.source)]));
const modules = output.flatMap((file) => (file.type === "chunk" ? file.moduleIds : []));
files.set("LICENSES.txt", licencesOf(modules));
if (!isWritten(files)) replaceFiles(files);

/** Replaces the whole folder at once, so a server that starts meanwhile does not find a mixture of two builds. */
function replaceFiles(files: ReadonlyMap<string, string>): void {
  const [fresh, old] = [`${dist}-${process.pid}-new`, `${dist}-${process.pid}-old`];
  mkdirSync(fresh);
  for (const [name, text] of files) writeFileSync(join(fresh, name), text);
  if (existsSync(dist)) renameSync(dist, old);
  renameSync(fresh, dist);
  rmSync(old, { recursive: true, force: true });
}

function isWritten(files: ReadonlyMap<string, string>): boolean {
  if (statSync(dist, { throwIfNoEntry: false })?.isDirectory() !== true) return false;
  if (readdirSync(dist).length !== files.size) return false;
  return [...files].every(([name, text]) => {
    const file = join(dist, name);
    return existsSync(file) && readFileSync(file, "utf8") === text;
  });
}
