import { setTimeout as wait } from "node:timers/promises";
import { createClient, RingbackConnectionError } from "@ringback/sdk/client";
import type { ApiServer } from "../config/api-server.ts";
import { isRecord } from "../config/record.ts";
import { limits } from "../domain/limits.ts";
import { collectBytes } from "./collect-bytes.ts";
import { CommandError, exitCodes } from "./command-error.ts";
import { EventStreamParser, type StreamEvent } from "./event-stream.ts";
import { printableLine } from "./printable.ts";

/** Ringback never sends a larger response, apart from event streams. */
const responseBytesMax = 8 * 1024 * 1024;
/**
 * The server regularly sends a heartbeat on event streams. After three missing heartbeats the connection counts as
 * lost.
 */
const silenceMsMax = 3 * limits.eventHeartbeatMs;

/** An error response of the server. The message contains its `code` and its detail. */
export class ApiError extends CommandError {
  override readonly name: string = "ApiError";
  readonly status: number;
  /** The `code` of the problem document; null: the response was not a problem document. */
  readonly code: string | null;

  constructor(status: number, code: string | null, detail: string) {
    super(code === null ? `the server answered ${status}: ${detail}` : `${code} (${status}): ${detail}`, {
      exitCode: status === 404 && code !== null ? exitCodes.missing : exitCodes.failed,
    });
    this.status = status;
    this.code = code;
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
}

/**
 * Returns the parsed JSON of a 2xx response; null: the response has no body. Throws `ApiError` for any other response,
 * and `CommandError` if no response came. Sends once: a command says at once what is wrong.
 */
export async function send({ url, headers: common }: ApiServer, request: ApiRequest): Promise<unknown> {
  const { method, path, headers, body, timeoutMs, signal } = request;
  const client = createClient({ url, headers: common, timeoutMs, retriesMax: 0, fetch: boundedFetch });
  // The table of resources has the paths, so that the types of the client cannot check them.
  const call = client.raw.request as unknown as LooseRequest;
  const bytes = body === undefined ? {} : { body, bodySerializer: (given: unknown) => given };
  const answer = await reach(url, () =>
    call(method.toLowerCase(), path, { headers, signal, parseAs: "text", ...bytes }),
  );
  const { data, error, response } = answer;
  if (!response.ok) throw refusal(response, textOf(error));
  if (response.status === 204) return null;
  try {
    return JSON.parse(textOf(data));
  } catch (cause) {
    throw new ApiError(response.status, null, `not JSON; is ${url} a Ringback server? (${String(cause)})`);
  }
}

type LooseRequest = (
  method: string,
  path: string,
  init: object,
) => Promise<{ readonly data?: unknown; readonly error?: unknown; readonly response: Response }>;

/** The client parses the body of an error if it is JSON. */
function textOf(body: unknown): string {
  return typeof body === "string" ? body : JSON.stringify(body ?? "");
}

/** The client reads answers of any size. */
async function boundedFetch(url: string, init: RequestInit): Promise<Response> {
  const response = await fetch(url, init);
  const text = await readText(response);
  const { status, statusText, headers } = response;
  return new Response(nullBodyStatuses.has(status) ? null : text, { status, statusText, headers });
}

const nullBodyStatuses: ReadonlySet<number> = new Set([101, 204, 205, 304]);

/**
 * Reads `GET /v1/events` until the connection ends or `signal` is aborted. Calls `opened` when the server has accepted
 * the request. `position`: where the stream begins, and then where the next one can go on. Throws the same errors as
 * `send`.
 */
export async function* events(
  { url, headers }: ApiServer,
  query: string,
  signal: AbortSignal,
  opened: () => void,
  position: { lastId: string },
): AsyncGenerator<StreamEvent, void, undefined> {
  const abort = new AbortController();
  const silence = setTimeout(() => abort.abort(new DOMException("silent", "TimeoutError")), silenceMsMax);
  try {
    const init = {
      headers: {
        ...headers,
        accept: "text/event-stream",
        ...(position.lastId !== "" && { "last-event-id": position.lastId }),
      },
      signal: AbortSignal.any([signal, abort.signal]),
    };
    const response = await reach(url, () => fetch(`${url}/v1/events${query}`, init));
    if (!response.ok) throw refusal(response, await reach(url, () => readText(response)));
    if (response.body === null || !/^text\/event-stream\b/.test(response.headers.get("content-type") ?? "")) {
      throw new ApiError(response.status, null, `not an event stream; is ${url} a Ringback server?`);
    }
    opened();
    const parser = new EventStreamParser();
    const pieces = response.body.pipeThrough(new TextDecoderStream())[Symbol.asyncIterator]();
    for (;;) {
      const piece = await reach(url, () => pieces.next());
      if (piece.done === true) return;
      silence.refresh();
      const arrived = parser.push(piece.value);
      if (parser.lastId !== "") position.lastId = parser.lastId;
      yield* arrived;
    }
  } finally {
    clearTimeout(silence);
    abort.abort();
  }
}

/** Converts any failure of the connection to a `CommandError`. */
async function reach<T>(url: string, step: () => Promise<T>): Promise<T> {
  try {
    return await step();
  } catch (error) {
    if (error instanceof CommandError) throw error;
    throw new CommandError(`cannot reach ${url}: ${reasonOf(error)}`, { cause: error });
  }
}

function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if (error instanceof RingbackConnectionError && error.cause !== undefined) return reasonOf(error.cause);
  if (error.name === "TimeoutError") return "it did not answer in time";
  const cause = error.cause;
  const code = cause instanceof Error && "code" in cause ? cause.code : undefined;
  if (code === "ECONNREFUSED") return "no server listens there; start one with: ringback serve";
  if (code === "ENOTFOUND" || code === "EAI_AGAIN") return "the host name is unknown";
  return cause instanceof Error && cause.message !== "" ? cause.message : error.message;
}

async function readText({ body }: Response): Promise<string> {
  const bytes = await collectBytes(body ?? [], responseBytesMax);
  if (bytes === null) throw new RangeError(`the response has more than ${responseBytesMax} bytes`);
  return bytes.toString("utf8");
}

const shownCharsMax = 300;

function refusal(response: Response, text: string): ApiError {
  const problem = parseProblem(text);
  if (problem !== null) return new ApiError(response.status, problem.code, printableLine(problem.detail));
  const detail = text === "" ? response.statusText : text.slice(0, shownCharsMax);
  return new ApiError(response.status, null, printableLine(detail));
}

/** Parses a problem document (RFC 9457) with Ringback's `code`. Returns null for any other text. */
function parseProblem(text: string): { code: string; detail: string } | null {
  try {
    const problem: unknown = JSON.parse(text);
    if (!isRecord(problem) || typeof problem["code"] !== "string") return null;
    return { code: problem["code"], detail: typeof problem["detail"] === "string" ? problem["detail"] : "" };
  } catch {
    return null;
  }
}

/** Resolves after `delayMs`, or when the signal is aborted. */
export async function pause(delayMs: number, signal: AbortSignal): Promise<void> {
  await wait(delayMs, undefined, { signal }).catch(() => undefined);
}
