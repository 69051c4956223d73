import { defineConfig } from "vitest/config";

const conditions = ["ringback-source", "node"];

export default defineConfig({
  resolve: { conditions },
  ssr: { resolve: { conditions } },
  test: {
    include: ["packages/*/test/slow/**/*.test.ts", "bench/test/slow/**/*.test.ts"],
    pool: "forks",
    execArgv: ["--conditions=ringback-source"],
    testTimeout: 600_000,
    hookTimeout: 60_000,
    fileParallelism: false,
  },
});
