import { defineConfig } from "vitest/config";

const conditions = ["ringback-source", "node"];

export default defineConfig({
  resolve: { conditions },
  ssr: { resolve: { conditions } },
  test: {
    globalSetup: "packages/server/test/harness/build-server.ts",
    include: [
      "packages/*/test/slow/**/*.test.ts",
      "bench/test/slow/**/*.test.ts",
      "packages/server/src/**/*.slow.test.ts",
      "packages/server/src/store/contract/*.endurance.test.ts",
      "packages/server/src/engine/push/no-lost-work.test.ts",
      "packages/server/src/api/two-accounts.test.ts",
    ],
    // The last three have fewer runs in the default suite.
    env: { PROPERTY_RUNS: "200", SIMULATION_SEEDS: "200" },
    pool: "forks",
    execArgv: ["--conditions=ringback-source"],
    testTimeout: 600_000,
    hookTimeout: 60_000,
    fileParallelism: false,
  },
});
