import { defineConfig } from "vitest/config";

const conditions = ["ringback-source", "node"];

/** The templates, installed from the packed packages and started as their READMEs say. */
export default defineConfig({
  resolve: { conditions },
  ssr: { resolve: { conditions } },
  test: {
    include: ["examples/templates/test/**/*.test.ts"],
    pool: "forks",
    execArgv: ["--conditions=ringback-source"],
    maxWorkers: 1,
    // npm downloads packages. No test measures anything by this.
    testTimeout: 600_000,
    hookTimeout: 600_000,
  },
});
