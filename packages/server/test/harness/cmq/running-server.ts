import { beforeAll } from "vitest";
import { useServer, useServerProcess } from "../running-server.ts";
import type { RunningServer } from "../server.ts";
import { appId, makeKeyPair, withMasterKey } from "./account.ts";
import type { KeyPair } from "./account.ts";

export interface CmqServer {
  readonly server: RunningServer;
  readonly pair: KeyPair;
}

/** One server for all tests of a file, inside their process, with one API key. */
export function useCmqServer(args: readonly string[] = []): () => CmqServer {
  return withKeyPair(useServer(settingsOf(args)));
}

/** As `useCmqServer`, with the server as a child process, for tests that measure the process. */
export function useCmqServerProcess(args: readonly string[] = []): () => CmqServer {
  return withKeyPair(useServerProcess(settingsOf(args)));
}

function settingsOf(args: readonly string[]) {
  return { args: ["--account-app-id", String(appId), ...args], env: withMasterKey() };
}

function withKeyPair(server: () => RunningServer): () => CmqServer {
  let pair: KeyPair | null = null;
  beforeAll(async () => void (pair = await makeKeyPair(server().api)));
  return () => {
    if (pair === null) throw new Error("the server has not started");
    return { server: server(), pair };
  };
}
