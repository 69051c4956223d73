/** Changes that both builds of the server (the package and the single file) make while rolldown bundles it. */

import type { Plugin } from "rolldown";

/** Writes the migrations of PostgreSQL as one text, because their files are not in the build. */
const compiledMigrations: Plugin = {
  name: "compiled migrations",
  load: {
    filter: { id: /schema[\\/]migrations\.ts$/ },
    async handler() {
      const { migrations } = await import("../src/store/postgres/schema/migrations.ts");
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

export const bundlePlugins: readonly Plugin[] = [compiledMigrations, nodeModules];

/** Modules that the server never runs. */
export const unusedModules = {
  // `createHttpApp` gives Fastify other compilers, so Fastify never loads these.
  "@fastify/ajv-compiler": false,
  "@fastify/fast-json-stringify-compiler": false,
} as const;

/** A warning ends the build. */
export function failOnLog(_level: string, { message }: { readonly message: string }): never {
  throw new Error(message);
}
