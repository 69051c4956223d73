import { afterAll, beforeAll, describe, it } from "vitest";
import { temporaryFolder } from "./folder.ts";
import type { TemporaryFolder } from "./folder.ts";
import { Server, startServerInProcess } from "./server.ts";
import type { RunningServer } from "./server.ts";

/** One test: prepares the first server, calls `restart` once, and checks the state of the second server. */
export type Story = (first: Server, restart: () => Promise<RunningServer>) => Promise<void>;

export interface SharedRestart {
  readonly args?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** Whether the second server listens at the address of the first. */
  readonly samePort?: boolean;
  readonly end: (server: Server) => Promise<unknown>;
}

/**
 * Declares tests that share one server and its restart, because a start takes a second of CPU time. The second server
 * runs inside the test's process. All stories run at the same time. The first server ends when each story has called
 * `restart` or has failed.
 */
export function describeRestart(name: string, shared: SharedRestart, stories: Readonly<Record<string, Story>>): void {
  // oxlint-disable-next-line vitest/valid-title -- the title is given where this function is called
  describe(name, () => {
    const results = new Map<string, Promise<void>>();
    let folder: TemporaryFolder | null = null;
    let first: Server | null = null;
    const { promise: second, resolve, reject } = Promise.withResolvers<RunningServer>();
    second.catch(() => undefined);

    beforeAll(async () => {
      folder = await temporaryFolder();
      const { args = [], env = {}, samePort = false, end } = shared;
      const options = { folder: folder.path, args, env };
      const server = (first = await Server.start(options));
      const waits = Object.entries(stories).map(([title, story]) => {
        const { promise: restarting, resolve: restart } = Promise.withResolvers<void>();
        const result = story(server, () => {
          restart();
          return second;
        });
        results.set(title, result);
        return Promise.race([restarting, result.catch(() => undefined)]);
      });
      void Promise.all(waits)
        .then(() => end(server))
        .then(() => startServerInProcess({ ...options, port: samePort ? server.port : 0 }))
        .then(resolve, reject);
    });
    afterAll(async () => {
      await Promise.allSettled(results.values());
      await first?.kill();
      await second.then(
        (server) => server.stop(),
        () => undefined,
      );
      await folder?.[Symbol.asyncDispose]();
    });
    // oxlint-disable-next-line vitest/valid-title -- the title is given where this function is called
    for (const title of Object.keys(stories)) it(title, () => results.get(title));
  });
}
