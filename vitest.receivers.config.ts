import { defineConfig } from "vitest/config";

/** The examples of receivers, in the frameworks and runtimes that examples/receivers installs. */
export default defineConfig({
  test: {
    include: ["examples/receivers/test/**/*.test.ts"],
    pool: "forks",
    maxWorkers: 1,
    testTimeout: 120_000,
    hookTimeout: 120_000,
    expect: { poll: { timeout: 60_000, interval: 20 } },
  },
});
