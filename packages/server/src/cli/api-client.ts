import { setTimeout as wait } from "node:timers/promises";
import { isRecord } from "../config/record.ts";
import { limits } from "../domain/limits.ts";
import { CommandError } from "./command-error.ts";
import { EventStreamParser } from "./event-stream.ts";
import type { StreamEvent } from "./event-stream.ts";
import { printableLine } from "./printable.ts";

/** An answer that is no event stream is small; more than this is not one of ours. */
const answerBytesMax = 8 * 1024 * 1024;
/** The server never keeps an event stream silent for longer than its heartbeat; three of them missing, it is gone. */
const silenceMsMax = 3 * limits.eventHeartbeatMs;

/** The server refused. The message holds its `code` and its sentence. */
export class ApiError extends CommandError {
  override readonly name: string = "ApiError";
  readonly status: number;
  /** The problem's stable code; null when the answer was no problem document. */
  readonly code: string | null;

  constructor(status: number, code: string | null, detail: string) {
    super(code === null ? `the server answered ${status}: ${detail}` : `${code} (${status}): ${detail}`);
    this.status = status;
    this.code = code;
  }
}

/** The server could not be reached, or the connection broke. */
export class UnreachableError extends CommandError {
  override readonly name: string = "UnreachableError";
}

export interface ApiRequest {
  readonly method: "GET" | "POST";
  /** With the query; starts with `/`. */
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: Uint8Array;
  readonly timeoutMs: number;
}

export interface ApiClient {
  /** The parsed JSON of a 2xx answer. Throws `ApiError` and `UnreachableError`. */
  send(request: ApiRequest): Promise<unknown>;
  /**
   * `GET /v1/events` with the query, until the connection ends or `signal` aborts; `opened` is called once the server has agreed.
   * Throws `ApiError` and `UnreachableError`.
   */
  events(query: string, signal: AbortSignal, opened: () => void): AsyncGenerator<StreamEvent, void, undefined>;
}

export function createApiClient(url: string): ApiClient {
  return {
    send: (request) => send(url, request),
    events: (query, signal, opened) => events(url, query, signal, opened),
  };
}

async function send(url: string, request: ApiRequest): Promise<unknown> {
  const { method, path, headers, body, timeoutMs } = request;
  const signal = AbortSignal.timeout(timeoutMs);
  const init = { method, headers, signal, redirect: "manual", ...(body === undefined ? {} : { body }) } as const;
  const response = await reach(url, () => fetch(url + path, init));
  const text = await reach(url, () => readText(response));
  if (!response.ok) throw refusal(response, text);
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new ApiError(response.status, null, `no JSON: is ${url} a Ringback server? (${String(error)})`);
  }
}

async function* events(
  url: string,
  query: string,
  signal: AbortSignal,
  opened: () => void,
): AsyncGenerator<StreamEvent, void, undefined> {
  const cut = new AbortController();
  const silence = setTimeout(() => cut.abort(new DOMException("silent", "TimeoutError")), silenceMsMax);
  try {
    const init = { headers: { accept: "text/event-stream" }, signal: AbortSignal.any([signal, cut.signal]) };
    const response = await reach(url, () => fetch(`${url}/v1/events${query}`, init));
    if (!response.ok) throw refusal(response, await reach(url, () => readText(response)));
    if (response.body === null || !/^text\/event-stream\b/.test(response.headers.get("content-type") ?? "")) {
      throw new ApiError(response.status, null, `no event stream: is ${url} a Ringback server?`);
    }
    opened();
    const parser = new EventStreamParser();
    const pieces = response.body.pipeThrough(new TextDecoderStream())[Symbol.asyncIterator]();
    for (;;) {
      const piece = await reach(url, () => pieces.next());
      if (piece.done === true) return;
      silence.refresh();
      yield* parser.push(piece.value);
    }
  } finally {
    clearTimeout(silence);
    cut.abort();
  }
}

/** Turns the many ways in which a connection fails into one sentence. */
async function reach<T>(url: string, step: () => Promise<T>): Promise<T> {
  try {
    return await step();
  } catch (error) {
    if (error instanceof CommandError) throw error;
    throw new UnreachableError(`cannot reach ${url}: ${reasonOf(error)}`, { cause: error });
  }
}

function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if (error.name === "TimeoutError") return "it did not answer in time";
  const cause = error.cause;
  const code = cause instanceof Error && "code" in cause ? cause.code : undefined;
  if (code === "ECONNREFUSED") return "nothing listens there; start the server with: ringback serve";
  if (code === "ENOTFOUND" || code === "EAI_AGAIN") return "the host name is not known";
  return cause instanceof Error && cause.message !== "" ? cause.message : error.message;
}

async function readText(response: Response): Promise<string> {
  const pieces: Uint8Array[] = [];
  let bytes = 0;
  for await (const piece of response.body ?? []) {
    bytes += piece.length;
    if (bytes > answerBytesMax) throw new RangeError(`the answer has more than ${answerBytesMax} bytes`);
    pieces.push(piece);
  }
  return Buffer.concat(pieces).toString("utf8");
}

const shownCharsMax = 300;

function refusal(response: Response, text: string): ApiError {
  const problem = parseProblem(text);
  if (problem !== null) return new ApiError(response.status, problem.code, printableLine(problem.detail));
  const detail = text === "" ? response.statusText : text.slice(0, shownCharsMax);
  return new ApiError(response.status, null, printableLine(detail));
}

/** RFC 9457 with Ringback's `code`. */
function parseProblem(text: string): { code: string; detail: string } | null {
  try {
    const problem: unknown = JSON.parse(text);
    if (!isRecord(problem) || typeof problem["code"] !== "string") return null;
    return { code: problem["code"], detail: typeof problem["detail"] === "string" ? problem["detail"] : "" };
  } catch {
    return null;
  }
}

/** Resolves after `delayMs`, or at once when the signal aborts. */
export async function pause(delayMs: number, signal: AbortSignal): Promise<void> {
  await wait(delayMs, undefined, { signal }).catch(() => undefined);
}
