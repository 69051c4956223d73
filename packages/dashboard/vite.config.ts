import tailwind from "@tailwindcss/vite";
import { defineConfig } from "vite";

const server = process.env["RINGBACK_URL"] ?? "http://127.0.0.1:8000";

/** `npm run dev` serves the sources, and sends requests for data to a running server. */
export default defineConfig({
  plugins: [tailwind()],
  resolve: { conditions: ["ringback-source", "browser", "module", "import"] },
  build: {
    target: "es2023",
    // Each asset has an address of its own: the Content-Security-Policy allows no scripts and styles in the page.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    sourcemap: false,
    rolldownOptions: {
      onLog(level, log, report) {
        // "use client" is for servers that render React.
        if (log.code !== "MODULE_LEVEL_DIRECTIVE") report(level, log);
      },
    },
  },
  server: { proxy: Object.fromEntries(["/v1", "/in", "/openapi.json"].map((path) => [path, server])) },
});
