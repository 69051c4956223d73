import { createRequire } from "node:module";
import type { Socket } from "node:net";
import type { ClientOptions, WebSocket } from "ws";
import { transportLimits } from "./limits.ts";

const load = createRequire(import.meta.url);

/** Loaded with the first endpoint that needs it: most servers have none, and start the faster for it. */
let client: typeof WebSocket | null = null;

/** Over a socket that is connected, and has its TLS, already: ws itself would ask neither the guard nor the name cache. */
export function openWebSocket(url: string, socket: Socket): WebSocket {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- `require` knows no types
  client ??= load("ws") as typeof WebSocket;
  // The last four are newer than the types.
  const options: ClientOptions & Readonly<Record<string, unknown>> = {
    createConnection: () => socket,
    followRedirects: false,
    // Small messages gain nothing by it, and what a peer may make us inflate would need a bound of its own.
    perMessageDeflate: false,
    maxPayload: transportLimits.webSocketHeardFrameBytesMax,
    closeTimeout: transportLimits.webSocketCloseMsMax,
    maxFragments: 64,
    maxBufferedChunks: 4096,
    maxPendingAutoPongs: 16,
  };
  return new client(url, options);
}
