import { createRequire } from "node:module";
import type { Socket } from "node:net";
import type { ClientOptions, WebSocket } from "ws";
import { transportLimits } from "./limits.ts";

const load = createRequire(import.meta.url);

/** Loaded for the first WebSocket endpoint. Most servers have none, and start faster without it. */
let client: typeof WebSocket | null = null;

/**
 * Opens a WebSocket over a connected socket (with TLS if needed), because ws itself would bypass the address guard and
 * name cache.
 */
export function openWebSocket(url: string, socket: Socket): WebSocket {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- `require` has no types
  client ??= load("ws") as typeof WebSocket;
  // The type declarations do not contain the last four options yet.
  const options: ClientOptions & Readonly<Record<string, unknown>> = {
    createConnection: () => socket,
    followRedirects: false,
    // Compression does not help small messages, and decompressing the peer's messages would need another limit.
    perMessageDeflate: false,
    maxPayload: transportLimits.webSocketReceivedFrameBytesMax,
    closeTimeout: transportLimits.webSocketCloseMsMax,
    maxFragments: 64,
    maxBufferedChunks: 4096,
    maxPendingAutoPongs: 16,
  };
  return new client(url, options);
}
