import { afterAll, beforeAll } from "vitest";
import { temporaryFolder } from "./folder.ts";
import type { TemporaryFolder } from "./folder.ts";
import { Server } from "./server.ts";

/**
 * Starts one server for all tests of a file, on a folder of its own, and kills it at the end. The returned function
 * returns it.
 */
export function useServer(args: readonly string[] = []): () => Server {
  let folder: TemporaryFolder | null = null;
  let server: Server | null = null;
  beforeAll(async () => {
    folder = await temporaryFolder();
    server = await Server.start({ folder: folder.path, args });
  });
  afterAll(async () => {
    await server?.kill();
    await folder?.[Symbol.asyncDispose]();
  });
  return () => {
    if (server === null) throw new Error("the server has not started");
    return server;
  };
}
