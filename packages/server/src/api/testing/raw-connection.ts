import { connect } from "node:net";
import type { FastifyInstance } from "fastify";

/** Listens on a free port of the loopback interface. */
export async function listen(app: FastifyInstance): Promise<number> {
  await app.listen({ host: "127.0.0.1", port: 0 });
  const address = app.server.address();
  if (address === null || typeof address === "string") throw new Error("no port");
  return address.port;
}

/** Writes bytes to a new connection, and returns everything that the server sends until it ends the connection. */
export function exchange(port: number, ...pieces: readonly (string | Uint8Array)[]): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  let answer = "";
  const socket = connect(port, "127.0.0.1", () => {
    for (const piece of pieces) socket.write(piece);
  });
  socket.setEncoding("latin1");
  socket.on("data", (chunk) => (answer += String(chunk)));
  socket.on("close", () => {
    resolve(answer);
  });
  socket.on("error", (error: NodeJS.ErrnoException) => {
    // The server may cut a connection while the test still sends bytes. Only the answer before the cut matters.
    if (error.code !== "ECONNRESET" && error.code !== "EPIPE") reject(error);
  });
  return promise;
}

export interface RawAnswer {
  readonly status: number;
  readonly headers: string;
  readonly problem: { readonly code: string; readonly status: number; readonly detail: string };
}

/** Parses the first answer in the bytes that a server sent. */
export function parseAnswer(text: string): RawAnswer {
  const end = text.indexOf("\r\n\r\n");
  const headers = text.slice(0, end).toLowerCase();
  const length = Number(/content-length: (\d+)/.exec(headers)?.[1]);
  return {
    status: Number(/^HTTP\/1\.1 (\d{3})/.exec(text)?.[1]),
    headers,
    problem: JSON.parse(text.slice(end + 4, end + 4 + length)) as RawAnswer["problem"],
  };
}
