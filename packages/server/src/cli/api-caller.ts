import type { ApiServer } from "../config/api-server.ts";
import { send, type ApiRequest } from "./api-client.ts";

/** Sends one request to the API. Throws `ApiError`, and `CommandError` if no response came. */
export type ApiCaller = (
  method: ApiRequest["method"],
  path: string,
  json?: object,
  options?: CallOptions,
) => Promise<unknown>;

export interface CallOptions {
  /** Beyond the time that every request has. */
  readonly waitMs?: number;
  readonly signal?: AbortSignal;
  /** Sent as If-Match: the resource must still have this ETag. */
  readonly ifMatch?: string;
  /** Receives the ETag of the resource. */
  readonly onTag?: (tag: string) => void;
}

const responseMsMax = 30_000;

export function apiCaller(server: ApiServer): ApiCaller {
  return (method, path, json, { waitMs = 0, signal, ifMatch, onTag } = {}) => {
    const headers: Record<string, string> = {
      ...(json !== undefined && { "content-type": "application/json" }),
      ...(ifMatch !== undefined && { "if-match": ifMatch }),
    };
    const body = json === undefined ? {} : { body: Buffer.from(JSON.stringify(json)) };
    const tagged = onTag === undefined ? {} : { onHeaders: (all: Headers) => onTag(all.get("etag") ?? "") };
    const stop = signal === undefined ? {} : { signal };
    return send(server, { method, path, headers, timeoutMs: responseMsMax + waitMs, ...body, ...stop, ...tagged });
  };
}
