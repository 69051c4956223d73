import { defineConfig } from "vitest/config";

const conditions = ["ringback-source", "node"];
/** Ends a test that hangs. `DASHBOARD_HANG_MS=20000` soon shows the step at which it hangs. */
const hangMs = Number(process.env["DASHBOARD_HANG_MS"] ?? 600_000);

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
