import { setTimeout as wait } from "node:timers/promises";
import { createClient, RingbackApiError, RingbackConnectionError } from "@ringback/sdk/client";
import type { ApiServer } from "../config/api-server.ts";
import { CommandError, exitCodes } from "./command-error.ts";
import { parseExactJson } from "./exact-json.ts";
import { printableLine } from "./printable.ts";

/** An error response of the server. The message contains its `code` and its detail. */
export class ApiError extends CommandError {
  override readonly name: string = "ApiError";
  readonly status: number;
  /** The `code` of the problem document; null: the response was not a problem document. */
  readonly code: string | null;

  constructor({ status, code, problem, message }: RingbackApiError) {
    const isMissing = status === 404 && problem !== null;
    super(printableLine(message), { exitCode: isMissing ? exitCodes.missing : exitCodes.failed });
    this.status = status;
    this.code = problem === null ? null : code;
  }
}

export interface ApiRequest {
  readonly method: "GET" | "PUT" | "PATCH" | "POST" | "DELETE";
  /** Includes the query; starts with `/`. */
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: Uint8Array;
  readonly timeoutMs: number;
  /** Ends the request. */
  readonly signal?: AbortSignal;
  /** Receives the headers of the response. */
  readonly onHeaders?: (headers: Headers) => void;
}

/**
 * Returns the parsed JSON of a 2xx response; null: the response has no body. Throws `ApiError` for any other response,
 * and `CommandError` if no response came. Sends once: a command says at once what is wrong.
 */
export async function send({ url, headers: common }: ApiServer, request: ApiRequest): Promise<unknown> {
  const { method, path, headers, body, timeoutMs, signal, onHeaders } = request;
  const heard = async (to: string, init: RequestInit): Promise<Response> => {
    const response = await fetch(to, init);
    onHeaders?.(response.headers);
    return response;
  };
  const client = createClient({ url, headers: common, timeoutMs, retriesMax: 0, fetch: heard });
  const verbs = { GET: client.get, PUT: client.put, PATCH: client.patch, POST: client.post, DELETE: client.delete };
  // The paths are those of the table of resources, which a test compares with the API.
  const call = verbs[method] as (path: string, init: object) => Promise<unknown>;
  const bytes = body === undefined ? {} : { body, bodySerializer: (given: unknown) => given };
  try {
    const text = await call(path, { headers, signal, ...bytes, parseAs: "text" });
    return typeof text === "string" && text !== "" ? parseExactJson(text) : null;
  } catch (error) {
    if (error instanceof SyntaxError) {
      throw new CommandError(`${url}: the answer is not JSON; is this a Ringback server?`, { cause: error });
    }
    throw commandError(url, error);
  }
}

/** Converts an error of the client. */
export function commandError(url: string, error: unknown): CommandError {
  if (error instanceof CommandError) return error;
  if (error instanceof RingbackApiError) return new ApiError(error);
  const cause = error instanceof RingbackConnectionError ? error.cause : error;
  // An answer has come, but not one of Ringback.
  const hasAnswered = error instanceof RingbackConnectionError && (cause === undefined || cause instanceof SyntaxError);
  const message = hasAnswered ? `${url}: ${error.message}` : `cannot reach ${url}: ${reasonOf(cause)}`;
  return new CommandError(message, { cause: error });
}

function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if (error.name === "TimeoutError") return "it did not answer in time";
  const cause = error.cause;
  const code = cause instanceof Error && "code" in cause ? cause.code : undefined;
  if (code === "ECONNREFUSED") return "no server listens there; start one with: ringback serve";
  if (code === "ENOTFOUND" || code === "EAI_AGAIN") return "the host name is unknown";
  return cause instanceof Error && cause.message !== "" ? cause.message : error.message;
}

/** Resolves after `delayMs`, or when the signal is aborted. */
export async function pause(delayMs: number, signal: AbortSignal): Promise<void> {
  await wait(delayMs, undefined, { signal }).catch(() => undefined);
}
