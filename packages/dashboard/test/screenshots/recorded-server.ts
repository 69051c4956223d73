import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { text } from "node:stream/consumers";
import { answerKey, isEventStream, type Recording } from "./recording.ts";

export interface RecordedServer extends AsyncDisposable {
  readonly port: number;
  /** The requests to the API that the recording does not have. */
  readonly missing: ReadonlySet<string>;
}

/**
 * Starts a server that answers requests to the API from a recording. The page and its files come from `filesUrl`, a
 * server of the present build. A stream of events stays open, and nothing happens in it.
 */
export async function startRecordedServer(recording: Recording, filesUrl: string): Promise<RecordedServer> {
  const missing = new Set<string>();
  const server = createServer((request, response) => {
    void answer(request, response).catch((error: unknown) => response.destroy(error as Error));
  });
  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { method = "", url = "" } = request;
    if (!url.startsWith("/v1/")) return answerFile(`${filesUrl}${url}`, request, response);
    if (isEventStream(url)) {
      response.writeHead(200, { "content-type": "text/event-stream" }).write(": open\n\n");
      return;
    }
    const key = answerKey(method, url, await text(request));
    const recorded = recording.answers[key];
    if (recorded === undefined) missing.add(key);
    const { status, headers, body } = recorded ?? { status: 501, headers: {}, body: "not recorded" };
    response.writeHead(status, headers).end(typeof body === "string" ? body : JSON.stringify(body));
  }
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("the server has no port");
  return {
    port: address.port,
    missing,
    async [Symbol.asyncDispose]() {
      const closed = once(server, "close");
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}

async function answerFile(
  url: string,
  { headers: { accept = "" } }: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  // At `/` the server answers browsers with the page, and programs with an API.
  const file = await fetch(url, { headers: { accept } });
  const headers = Object.fromEntries(
    ["content-type", "content-security-policy"].flatMap((name) => {
      const value = file.headers.get(name);
      return value === null ? [] : [[name, value]];
    }),
  );
  response.writeHead(file.status, headers).end(new Uint8Array(await file.arrayBuffer()));
}
