import type { ApiServer } from "../config/api-server.ts";
import { send, type ApiRequest } from "./api-client.ts";

/** Sends one request to the API. Throws `ApiError`, and `CommandError` if no response came. */
export type ApiCaller = (
  method: ApiRequest["method"],
  path: string,
  json?: object,
  /** Beyond the time that every request has. */
  waitMs?: number,
  signal?: AbortSignal,
) => Promise<unknown>;

const responseMsMax = 30_000;

export function apiCaller(server: ApiServer): ApiCaller {
  return (method, path, json, waitMs = 0, signal) => {
    const headers: Record<string, string> = json === undefined ? {} : { "content-type": "application/json" };
    const body = json === undefined ? {} : { body: Buffer.from(JSON.stringify(json)) };
    const stop = signal === undefined ? {} : { signal };
    return send(server, { method, path, headers, timeoutMs: responseMsMax + waitMs, ...body, ...stop });
  };
}
