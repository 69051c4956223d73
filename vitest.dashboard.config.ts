import { defineConfig } from "vitest/config";

const conditions = ["ringback-source", "node"];
const hangMs = 600_000;

/** The dashboard in a Chromium. */
export default defineConfig({
  resolve: { conditions },
  ssr: { resolve: { conditions } },
  test: {
    globalSetup: "packages/server/test/harness/build-server.ts",
    include: ["packages/dashboard/test/**/*.test.ts"],
    pool: "forks",
    execArgv: ["--conditions=ringback-source"],
    // Each file starts a Chromium.
    maxWorkers: 1,
    expect: { poll: { timeout: hangMs, interval: 20 } },
    testTimeout: hangMs,
    hookTimeout: hangMs,
  },
});
