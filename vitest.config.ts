import { defineConfig } from "vitest/config";

// Sources run as they are: the exports condition points the workspaces at their TypeScript.
const conditions = ["ringback-source", "node"];
const shared = { resolve: { conditions }, ssr: { resolve: { conditions } } };
// Nothing here changes its process for good, and a worker of its own for each file would cost a fifth more. Three on two cores, since many
// of them mostly wait.
const run = { pool: "forks" as const, execArgv: ["--conditions=ringback-source"], maxWorkers: 3, isolate: false };

/** Beside the code they test, but with a disk or with processes of their own: too slow for `npm run check`. */
const withDiskOrProcesses = ["packages/server/src/store/**/*.test.ts", "bench/src/bench.test.ts"];

export default defineConfig({
  ...shared,
  test: {
    projects: [
      {
        ...shared,
        test: {
          ...run,
          name: "unit",
          include: ["packages/*/src/**/*.test.ts", "bench/src/**/*.test.ts", "tidy/**/*.test.ts"],
          exclude: withDiskOrProcesses,
          testTimeout: 20_000,
        },
      },
      {
        ...shared,
        test: {
          ...run,
          name: "system",
          include: ["packages/*/test/**/*.test.ts", ...withDiskOrProcesses],
          exclude: ["packages/*/test/slow/**", "packages/*/test/samples/**"],
          testTimeout: 60_000,
          hookTimeout: 60_000,
        },
      },
    ],
  },
});
