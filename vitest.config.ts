import { statfsSync } from "node:fs";
import { freemem, tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { defineConfig } from "vitest/config";

/**
 * Threads and programs that tests start find their code compiled: a SQLite store opens with a third of the CPU time.
 */
process.env["NODE_COMPILE_CACHE"] ??= join(tmpdir(), "node-compile-cache");

const MEMORY_DISK = "/dev/shm";
const MEMORY_DISK_BYTES_MIN = 4 * 1024 ** 3;

/** Databases in memory take a third less CPU time than on a disk. `npm run test:slow` runs on the disk. */
if (hasRoomInMemory()) process.env["TMPDIR"] ??= MEMORY_DISK;

function hasRoomInMemory(): boolean {
  if (freemem() < MEMORY_DISK_BYTES_MIN) return false;
  try {
    const { bavail, bsize } = statfsSync(MEMORY_DISK);
    return bavail * bsize >= MEMORY_DISK_BYTES_MIN;
  } catch {
    // Only Linux has this folder.
    return false;
  }
}

// Sources run as they are: the exports condition points the workspaces at their TypeScript.
const conditions = ["ringback-source", "node"];

/** The threads of a SQLite store run the build, so that opening the store takes half of the CPU time. */
const builtThreads = {
  find: "./database-thread-file.ts",
  replacement: fileURLToPath(
    new URL("packages/server/src/store/sqlite/testing/built-database-thread-file.ts", import.meta.url),
  ),
};

const shared = { resolve: { conditions, alias: [builtThreads] }, ssr: { resolve: { conditions } } };
// Nothing here changes its process for good, and a worker of its own for each file would cost a fifth more. Four on
// two cores, since many of them mostly wait.
const run = {
  pool: "forks" as const,
  execArgv: ["--conditions=ringback-source"],
  maxWorkers: 4,
  isolate: false,
  // Tests that run beside each other wait: for a rate, for a pause, for a time limit.
  maxConcurrency: 12,
};

/** Ends a test that hangs, on however busy a machine; no test measures anything by it. */
const hangMs = 600_000;

/** A condition may take as long as its test. */
const patient = { poll: { timeout: hangMs, interval: 5 } };

/** Beside the code they test, but with a disk or with processes of their own: too slow for `npm run check`. */
const withDiskOrProcesses = [
  "packages/server/src/store/{sqlite,postgres,migrate}/**/*.test.ts",
  "packages/server/src/store/contract/{sqlite,postgres}.*.test.ts",
  "bench/src/bench.test.ts",
];

/** Sequences of operations for each real database. `npm run test:slow` runs many more. */
const fewSequences = { PROPERTY_RUNS: process.env["PROPERTY_RUNS"] ?? "2" };

/** For `npm run test:slow` only. */
const slow = "packages/*/src/**/*.slow.test.ts";

export default defineConfig({
  ...shared,
  test: {
    globalSetup: "packages/server/test/harness/build-server.ts",
    projects: [
      {
        ...shared,
        test: {
          ...run,
          name: "unit",
          include: [
            "packages/*/src/**/*.test.ts",
            "bench/src/**/*.test.ts",
            "tidy/**/*.test.ts",
            "packaging/**/*.test.ts",
            "docs/.vitepress/*.test.ts",
          ],
          exclude: [...withDiskOrProcesses, slow],
          expect: patient,
          testTimeout: hangMs,
          hookTimeout: hangMs,
        },
      },
      {
        ...shared,
        test: {
          ...run,
          name: "system",
          globalSetup: "packages/sdk/test/build-once.ts",
          env: fewSequences,
          include: ["packages/*/test/**/*.test.ts", ...withDiskOrProcesses],
          exclude: ["packages/*/test/{slow,samples,packages,browser}/**", slow],
          expect: patient,
          testTimeout: hangMs,
          hookTimeout: hangMs,
        },
      },
    ],
  },
});
