import { defineConfig } from "vitest/config";

// Sources run as they are: the exports condition points the workspaces at their TypeScript.
const shared = { resolve: { conditions: ["ringback-source", "node"] }, ssr: { resolve: { conditions: ["ringback-source", "node"] } } };
const execArgv = ["--conditions=ringback-source"];

export default defineConfig({
  ...shared,
  test: {
    projects: [
      {
        ...shared,
        test: { name: "unit", include: ["packages/*/src/**/*.test.ts", "bench/src/**/*.test.ts"], pool: "forks", execArgv, testTimeout: 20_000 },
      },
      {
        ...shared,
        test: {
          name: "system",
          include: ["packages/*/test/**/*.test.ts"],
          exclude: ["packages/*/test/slow/**"],
          pool: "forks",
          execArgv,
          testTimeout: 60_000,
          hookTimeout: 60_000,
          maxWorkers: 2,
        },
      },
    ],
  },
});
