import { defineConfig } from "vitest/config";

const conditions = ["ringback-source", "node"];

/** Tests of all that users install: packed packages on each supported Node, the single file, the steps of the image. */
export default defineConfig({
  resolve: { conditions },
  ssr: { resolve: { conditions } },
  test: {
    include: ["packages/*/test/packages/**/*.test.ts"],
    pool: "forks",
    execArgv: ["--conditions=ringback-source"],
    // npm downloads packages. No test measures anything by this.
    testTimeout: 600_000,
    hookTimeout: 600_000,
    fileParallelism: false,
  },
});
