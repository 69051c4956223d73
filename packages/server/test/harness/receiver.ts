import { once } from "node:events";
import { createServer } from "node:http";
import type { IncomingMessage, ServerResponse } from "node:http";

/** One request as it arrived. */
export interface Arrival {
  /** Unix time in milliseconds. */
  readonly atMs: number;
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingMessage["headers"];
  readonly body: Buffer;
  readonly text: string;
  /** Value of `ringback-message-id` or `x-cmq-message-id`; empty when both are missing. */
  readonly messageId: string;
}

/** Answers an arrival: returns a status, or writes the response itself. */
export type Behaviour = (arrival: Arrival, response: ServerResponse, index: number) => number | void;

export interface Receiver extends AsyncDisposable {
  readonly url: string;
  readonly arrivals: readonly Arrival[];
  /** Arrivals at one path. */
  at(path: string): readonly Arrival[];
}

/**
 * Starts a receiver that records every request. Several subscriptions can use the same receiver with different paths.
 */
export async function startReceiver(behave: Behaviour = () => 200, port = 0): Promise<Receiver> {
  const arrivals: Arrival[] = [];
  const byPath = new Map<string, Arrival[]>();
  const server = createServer((request, response) => {
    // The server may be killed in the middle of a request or an answer.
    request.on("error", () => undefined);
    response.on("error", () => undefined);
    const pieces: Buffer[] = [];
    request.on("data", (piece: Buffer) => pieces.push(piece));
    request.on("end", () => {
      const arrival = toArrival(request, Buffer.concat(pieces));
      const list = byPath.get(arrival.path) ?? [];
      byPath.set(arrival.path, list);
      list.push(arrival);
      arrivals.push(arrival);
      const status = behave(arrival, response, list.length - 1);
      if (status !== undefined) response.writeHead(status).end("ok");
    });
  });
  server.listen(port, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("the receiver has no port");
  return {
    url: `http://127.0.0.1:${address.port}`,
    arrivals,
    at: (path) => byPath.get(path) ?? [],
    async [Symbol.asyncDispose]() {
      const closed = once(server, "close");
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}

function toArrival(request: IncomingMessage, body: Buffer): Arrival {
  const { method = "", url = "", headers } = request;
  const id = headers["ringback-message-id"] ?? headers["x-cmq-message-id"] ?? "";
  return { atMs: Date.now(), method, path: url, headers, body, text: body.toString(), messageId: String(id) };
}
