import { defineConfig } from "vitest/config";

const conditions = ["ringback-source", "node"];

/**
 * Programs of this machine against a server: the documents' own sample programs, which need Python 3 with the packages
 * that the documents name, curl and openssl against TLS, and nginx.
 */
export default defineConfig({
  resolve: { conditions },
  ssr: { resolve: { conditions } },
  test: {
    globalSetup: "packages/server/test/harness/build-server.ts",
    include: ["packages/*/test/samples/**/*.test.ts"],
    pool: "forks",
    execArgv: ["--conditions=ringback-source"],
    // A compiler that runs for the first time takes a minute on a busy machine. No test measures anything by this.
    testTimeout: 600_000,
    hookTimeout: 600_000,
    fileParallelism: false,
  },
});
