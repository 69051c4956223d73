import { join } from "node:path";
import { rolldown, type Plugin } from "rolldown";
import { bundlePlugins, failOnLog, unusedModules } from "./bundle-plugins.ts";

const server = join(import.meta.dirname, "..");

/** Packages for which `pg` and `ws` look, and do without. */
const absentPackages = ["pg-native", "bufferutil", "utf-8-validate"];

/** Bundles what the sources load late with `createRequire`, because no package is beside a single file. */
const bundledRequires: Plugin = {
  name: "bundled requires",
  transform: {
    filter: { id: /packages[\\/]server[\\/]src[\\/].*\.ts$/, code: /createRequire\(import\.meta\.url\)/ },
    handler: (code) => ({
      code: code
        .replace(/^const load = createRequire\(import\.meta\.url\);$/m, "")
        .replaceAll(/\bload\((?=")/g, "require("),
      map: null,
    }),
  },
};

export interface OneFile {
  readonly code: string;
  /** The paths of the modules in it. */
  readonly modules: readonly string[];
}

/** Returns a program as one ES module that needs nothing but Node. `input`: its path in `packages/server`. */
export async function oneFileBundle(input: string): Promise<OneFile> {
  await using bundle = await rolldown({
    cwd: server,
    input,
    platform: "node",
    resolve: {
      conditionNames: ["ringback-source", "node"],
      alias: {
        ...unusedModules,
        // Both look for files beside the program, which a single file has as assets.
        "./database-thread-file.ts": join(import.meta.dirname, "binary-thread-file.ts"),
        "./dashboard/dashboard-folder.ts": join(import.meta.dirname, "binary-dashboard-folder.ts"),
      },
    },
    external: absentPackages,
    plugins: [bundledRequires, ...bundlePlugins],
    onLog: failOnLog,
  });
  const { output } = await bundle.generate({
    codeSplitting: false,
    comments: { legal: true, annotation: false, jsdoc: false },
  });
  const [file, ...others] = output;
  if (others.length > 0) throw new Error(`The bundle of ${input} has ${output.length} files and not one.`);
  return { code: file.code, modules: file.moduleIds };
}
