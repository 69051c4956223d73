import { defineConfig } from "vitest/config";

const conditions = ["ringback-source", "node"];

/** The documents' own sample programs against a server: needs Python 3 with the packages that the documents name. */
export default defineConfig({
  resolve: { conditions },
  ssr: { resolve: { conditions } },
  test: {
    globalSetup: "packages/server/test/harness/build-server.ts",
    include: ["packages/*/test/samples/**/*.test.ts"],
    pool: "forks",
    execArgv: ["--conditions=ringback-source"],
    testTimeout: 60_000,
    hookTimeout: 60_000,
    fileParallelism: false,
  },
});
