/** `npm run build`: writes the server as a few JavaScript files to `dist/`, with the packages that it uses. */

import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { rolldown, type Plugin } from "rolldown";
import { buildDashboard } from "./build/dashboard-files.ts";
import manifest from "./package.json" with { type: "json" };

const dist = join(import.meta.dirname, "dist");

/** Writes the migrations of PostgreSQL as one text, because their files are not in `dist/`. */
const compiledMigrations: Plugin = {
  name: "compiled migrations",
  load: {
    filter: { id: /schema[\\/]migrations\.ts$/ },
    async handler() {
      const { migrations } = await import("./src/store/postgres/schema/migrations.ts");
      return `export const migrations = ${JSON.stringify(migrations)}`;
    },
  },
};

/**
 * Gets the modules of Node without `import`, which would read every export. Reading the exports of `node:http` loads
 * Node's own HTTP client, and reading those of `node:fs` loads its streams. Both cost time and memory in every start.
 */
const nodeModules: Plugin = {
  name: "modules of Node",
  renderChunk: (code) => ({
    code: code.replaceAll(
      /^import (?:\* as )?([\w$]+)?(?:, )?(\{.*\})? from "(node:.+)";$/gm,
      (_line, whole?: string, parts?: string, name?: string) =>
        `const ${[whole, parts?.replaceAll(" as ", ": ")]
          .filter((target) => target !== undefined)
          .map((target) => `${target} = globalThis.process.getBuiltinModule("${name}")`)
          .join(", ")};`,
    ),
    map: null,
  }),
};

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
      // `createHttpApp` gives Fastify other compilers, so Fastify never loads these.
      "@fastify/ajv-compiler": false,
      "@fastify/fast-json-stringify-compiler": false,
    },
  },
  // npm installs these with the package.
  external: Object.keys(manifest.dependencies).filter((name) => name !== "yaml"),
  plugins: [compiledMigrations, nodeModules],
  onLog: (_level, { message }) => {
    throw new Error(message);
  },
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

/** Returns the licences of all packages that the modules belong to. The licences require that copies include them. */
function licencesOf(modules: readonly string[]): string {
  // A name with a zero byte belongs to a module of the bundler itself.
  const paths = modules.filter((path) => !path.startsWith("\0"));
  const folders = paths.flatMap((path) => /^.*[\\/]node_modules[\\/](?:@[^\\/]+[\\/])?[^\\/]+/.exec(path) ?? []);
  const licences = new Set([...new Set(folders)].sort().map(licenceOf));
  return [...licences].join(`\n${"-".repeat(80)}\n\n`);
}

function licenceOf(folder: string): string {
  const textOf = (file: string) => readFileSync(join(folder, file), "utf8").trim();
  const { name, version, license, author } = JSON.parse(textOf("package.json")) as Record<string, string>;
  const texts = readdirSync(folder).filter((file) => /^(licen[cs]e|notice)/i.test(file));
  // A few packages only name their licence.
  const named = texts.length === 0 ? `By ${author}.` : texts.map(textOf).join("\n\n");
  return `${name} ${version}\nLicence: ${license}\n\n${named}\n`;
}

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
