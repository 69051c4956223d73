import { defineConfig } from "vitest/config";

const conditions = ["ringback-source", "node"];

/** The built documentation site in a real browser. `npm run test:docs` builds it first. */
export default defineConfig({
  resolve: { conditions },
  ssr: { resolve: { conditions } },
  test: {
    include: ["docs/.vitepress/test/**/*.test.ts"],
    pool: "forks",
    execArgv: ["--conditions=ringback-source"],
    // No test measures anything by this; walking all pages takes minutes on a busy machine.
    testTimeout: 1_800_000,
    hookTimeout: 600_000,
  },
});
