import { once } from "node:events";
import {
  createServer,
  request as send,
  type IncomingHttpHeaders,
  type IncomingMessage,
  type ServerResponse,
} from "node:http";
import type { AddressInfo } from "node:net";
import { buffer } from "node:stream/consumers";

/** One request of a client, and the server's response. */
export interface Exchange {
  readonly method: string;
  readonly url: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
  readonly status: number;
  readonly contentType: string | undefined;
  readonly answer: string;
}

export interface RecordingProxy extends AsyncDisposable {
  /** The address that the clients use. */
  readonly host: string;
  /** Returns the exchanges since the last call. */
  readonly takeExchanges: () => readonly Exchange[];
}

/** Starts a proxy between the clients and the server. The proxy passes on everything unchanged, and records it. */
export async function startRecordingProxy(serverUrl: string): Promise<RecordingProxy> {
  const exchanges: Exchange[] = [];
  const server = createServer((request, response) => {
    void answer(request, response).catch(() => response.destroy());
  }).listen(0, "127.0.0.1");
  await once(server, "listening");

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = await buffer(request);
    const { method = "", url = "", headers } = request;
    const forwarded = send(new URL(url, serverUrl), { method, headers }).end(body);
    const [upstream] = (await once(forwarded, "response")) as [IncomingMessage];
    const bytes = await buffer(upstream);
    const { statusCode: status = 0, headers: answerHeaders } = upstream;
    const contentType = answerHeaders["content-type"];
    const texts = { body: body.toString("utf8"), answer: bytes.toString("utf8") };
    exchanges.push({ method, url, headers, status, contentType, ...texts });
    response.writeHead(status, upstream.rawHeaders).end(bytes);
  }

  return {
    host: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    takeExchanges: () => exchanges.splice(0),
    async [Symbol.asyncDispose]() {
      server.close();
      server.closeAllConnections();
      await once(server, "close");
    },
  };
}

/** Returns what is wrong in the form of a response, or null. The cloud answers every request of its APIs with 200. */
export function faultOf({ url, headers, body, status, contentType, answer }: Exchange): string | null {
  if (status !== 200) return `status ${status}`;
  const parameters = new URLSearchParams(url.includes("?") ? url.slice(url.indexOf("?")) : body);
  const isTc3 = headers["x-tc-action"] !== undefined || parameters.has("Version");
  const wantedType = isTc3 ? "application/json" : "application/json; charset=utf-8";
  if (contentType !== wantedType) return `content type ${contentType}`;
  const value = JSON.parse(answer) as Readonly<Record<string, unknown>>;
  if (isTc3) return Object.keys(value).join() === "Response" ? null : `no envelope: ${answer}`;
  const isApi2 = [typeof value["code"], typeof value["message"], typeof value["requestId"]].join();
  return isApi2 === "number,string,string" ? null : `no answer of API 2.0: ${answer}`;
}
