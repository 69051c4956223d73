import { afterAll, beforeAll } from "vitest";
import { temporaryFolder } from "../folder.ts";
import type { TemporaryFolder } from "../folder.ts";
import { Server } from "../server.ts";
import { appId, makeKeyPair, withMasterKey } from "./account.ts";
import type { KeyPair } from "./account.ts";

export interface CmqServer {
  readonly server: Server;
  readonly pair: KeyPair;
}

/** One server for all tests of a file, with one API key, on a folder of its own, killed at the end. */
export function useCmqServer(args: readonly string[] = []): () => CmqServer {
  let folder: TemporaryFolder | null = null;
  let running: CmqServer | null = null;
  let server: Server | null = null;
  beforeAll(async () => {
    folder = await temporaryFolder();
    const allArgs = ["--account-app-id", String(appId), ...args];
    server = await Server.start({ folder: folder.path, env: withMasterKey(), args: allArgs });
    running = { server, pair: await makeKeyPair(server.api) };
  });
  afterAll(async () => {
    await server?.kill();
    await folder?.[Symbol.asyncDispose]();
  });
  return () => {
    if (running === null) throw new Error("the server has not started");
    return running;
  };
}
