import { defineConfig } from "vitest/config";

const conditions = ["ringback-source", "node"];

export default defineConfig({
  resolve: { conditions },
  ssr: { resolve: { conditions } },
  test: {
    include: [
      "packages/*/test/slow/**/*.test.ts",
      "bench/test/slow/**/*.test.ts",
      "packages/server/src/store/contract/*.endurance.test.ts",
    ],
    // Runs of each property of the stores, with new seeds.
    env: { PROPERTY_RUNS: "200" },
    pool: "forks",
    execArgv: ["--conditions=ringback-source"],
    testTimeout: 600_000,
    hookTimeout: 60_000,
    fileParallelism: false,
  },
});
