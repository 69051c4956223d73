import { afterAll, beforeAll } from "vitest";
import { temporaryFolder } from "./folder.ts";
import { Server, startServerInProcess } from "./server.ts";
import type { RunningServer, ServerOptions } from "./server.ts";

type Settings = Pick<ServerOptions, "args" | "env">;

/**
 * Starts one server for all tests of a file, inside their process and in a new folder. The returned function returns
 * the server.
 */
export function useServer(settings: Settings = {}): () => RunningServer {
  return useStarted((folder) => startServerInProcess({ folder, ...settings }));
}

/** As `useServer`, with the server as a child process, for tests that measure the process. */
export function useServerProcess(settings: Settings = {}): () => Server {
  return useStarted((folder) => Server.start({ folder, ...settings }));
}

function useStarted<S extends AsyncDisposable>(start: (folder: string) => Promise<S>): () => S {
  const started = new AsyncDisposableStack();
  let server: S | null = null;
  beforeAll(async () => {
    const { path } = started.use(await temporaryFolder());
    server = started.use(await start(path));
  });
  afterAll(() => started.disposeAsync());
  return () => {
    if (server === null) throw new Error("the server has not started");
    return server;
  };
}
