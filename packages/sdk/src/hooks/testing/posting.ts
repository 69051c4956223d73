import { vi } from "vitest";

import type { HookPost, PostOptions } from "../run-hook.ts";
import type { RawConnection } from "./raw-server.ts";
import { RawServer } from "./raw-server.ts";

/** The body and the headers that {@link posting} sends. */
export const sentBody = new TextEncoder().encode('{"a":"测试"}');
export const sentHeaders = ["Content-Type", "application/json", "ringback-request-id", "r-1"];

type Result = ReturnType<HookPost>;

/** Returns functions that send POSTs in a test. They use `hookPost`, which is under test. */
export function posting(hookPost: HookPost): {
  readonly post: (url: string, options?: Partial<PostOptions>) => Result;
  /** POSTs to a server that calls `misbehave` for the request, and waits until the connection is closed. */
  readonly postTo: (misbehave: (connection: RawConnection) => void, options?: Partial<PostOptions>) => Result;
} {
  const post = (url: string, options: Partial<PostOptions> = {}): Result =>
    hookPost(url, sentHeaders, sentBody, { timeoutMs: 15_000, replyBytesMax: 1024 * 1024, ...options });
  return {
    post,
    postTo: async (misbehave, options) => {
      await using server = await RawServer.start(misbehave);
      const result = await post(server.url, options);
      // Node's client can open a second connection in advance. Nothing is sent on that connection.
      const used = server.connections.filter((connection) => connection.received() !== "");
      await vi.waitUntil(() => used.every(({ socket }) => socket.closed), { timeout: 10_000 });
      return result;
    },
  };
}

export const write =
  (bytes: string | Uint8Array) =>
  ({ socket }: RawConnection): void =>
    void socket.write(bytes);
export const writeAndEnd =
  (bytes: string | Uint8Array) =>
  ({ socket }: RawConnection): void =>
    void socket.end(bytes);
