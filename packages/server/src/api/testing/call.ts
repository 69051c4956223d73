import type { FastifyInstance } from "fastify";
import { expectDescribed } from "./described-response.ts";

export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  /** The parsed body, of any shape; null when there is none. */
  // oxlint-disable-next-line typescript/no-explicit-any -- tests read answers of every shape
  readonly json: any;
}

export interface CallBody {
  readonly json?: unknown;
  readonly body?: string | Uint8Array;
  readonly headers?: Readonly<Record<string, string>>;
  /** The address of the client. */
  readonly remoteAddress?: string;
}

/** Sends one request to the application. Fails when the OpenAPI document does not describe the answer. */
export async function call(app: FastifyInstance, method: string, url: string, given: CallBody = {}): Promise<Answer> {
  const payload = given.json === undefined ? given.body : JSON.stringify(given.json);
  const response = await app.inject({
    method: method as "GET",
    url,
    ...(given.remoteAddress !== undefined && { remoteAddress: given.remoteAddress }),
    headers: { ...(given.json === undefined ? {} : { "content-type": "application/json" }), ...given.headers },
    ...(payload === undefined ? {} : { payload: typeof payload === "string" ? payload : Buffer.from(payload) }),
  });
  const headers = Object.fromEntries(Object.entries(response.headers).map(([name, value]) => [name, String(value)]));
  const isJson = /json/.test(headers["content-type"] ?? "") && response.body !== "";
  const json: unknown = isJson ? JSON.parse(response.body) : null;
  expectDescribed(app, method, url, response.statusCode, headers["content-type"], isJson ? json : response.body);
  return { status: response.statusCode, headers, json };
}
