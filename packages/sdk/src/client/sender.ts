import { apiError, RingbackConnectionError, retryAfterMs } from "./api-error.ts";
import type { OnRetry } from "./outage.ts";
import { pause, retryDelayMs } from "./pause.ts";

/** As the global `fetch`, called with a URL. */
export type Fetch = (url: string, init: RequestInit) => Promise<Response>;

export interface SenderOptions {
  readonly token?: string | (() => string | Promise<string>) | undefined;
  readonly account?: string | undefined;
  readonly fetch?: Fetch;
  readonly headers?: Readonly<Record<string, string>>;
  readonly timeoutMs?: number;
  readonly retriesMax?: number;
  readonly answerBytesMax?: number;
  readonly onRetry?: OnRetry;
}

/** Longer than the server lets a request wait. */
const timeoutMsDefault = 90_000;
const retriesMaxDefault = 3;
/** Ringback sends no larger answer, apart from streams of events. */
const answerBytesMaxDefault = 16 * 1024 * 1024;
/** A server that wants to be left alone for longer gets no retry: the caller gets the error. */
const retryAfterMsMax = 60_000;

/** Adds the headers of each request, sends it, and repeats it after failures if that is safe. */
export class Sender {
  readonly #options: SenderOptions;

  constructor(options: SenderOptions) {
    this.#options = options;
  }

  /** Returns the whole answer, whatever its status. Throws `RingbackConnectionError` if none comes. */
  async send(request: Request): Promise<Response> {
    const { timeoutMs = timeoutMsDefault, retriesMax = retriesMaxDefault, onRetry } = this.#options;
    const { url, method, signal } = request;
    const body = request.body === null ? null : await request.arrayBuffer();
    for (let retries = 0; ; retries++) {
      const headers = await this.#headersOf(request.headers);
      const deadline = AbortSignal.timeout(timeoutMs);
      const init = { method, headers, body, redirect: "manual", signal: AbortSignal.any([signal, deadline]) } as const;
      const answer = this.#fetch(url, init).then((response) => whole(response, this.#answerBytesMax));
      const result = await answer.catch((cause: unknown) => failureOf(url, cause, signal, deadline));
      const delayMs = retries < retriesMax ? delayBefore(result, { method, headers }, retries) : null;
      if (delayMs === null) {
        if (result instanceof Error) throw result;
        return result;
      }
      onRetry?.(result instanceof Error ? result : apiError(result, parsed(await result.text())), delayMs);
      await pause(delayMs, signal);
    }
  }

  /** Opens a stream: no time limit, no retries. Throws for every answer but 2xx. */
  async open(url: string, headers: Readonly<Record<string, string>>, signal: AbortSignal): Promise<Response> {
    const init = { headers: await this.#headersOf(new Headers(headers)), signal, redirect: "manual" } as const;
    const response = await this.#fetch(url, init).catch((cause: unknown) => failureOf(url, cause, signal));
    if (response instanceof Error) throw response;
    if (response.ok) return response;
    const text = await whole(response, this.#answerBytesMax).then((answer) => answer.text());
    throw apiError(response, parsed(text));
  }

  get #answerBytesMax(): number {
    return this.#options.answerBytesMax ?? answerBytesMaxDefault;
  }

  async #headersOf(given: Headers): Promise<Headers> {
    const { token, account, headers = {} } = this.#options;
    const all = new Headers({ ...headers, ...(account !== undefined && { "ringback-account": account }) });
    const key = (typeof token === "function" ? await token() : token)?.trim();
    // The runtime's own error would show the token.
    if (key !== undefined && !/^[\x21-\x7e]+$/.test(key)) {
      throw new TypeError("the token is empty, or has spaces or other characters that no token has");
    }
    if (key !== undefined) all.set("authorization", `Bearer ${key}`);
    given.forEach((value, name) => all.set(name, value));
    return all;
  }

  /** The global `fetch` is looked up for each request, so that a test can replace it. */
  #fetch(url: string, init: RequestInit): Promise<Response> {
    return (this.#options.fetch ?? globalThis.fetch)(url, init);
  }
}

/** Reads the body to its end, so that an answer that breaks off counts as one that did not come. */
async function whole(response: Response, bytesMax: number): Promise<Response> {
  const { body, status, statusText, headers } = response;
  if (body === null) return response;
  const pieces: Uint8Array<ArrayBuffer>[] = [];
  let bytes = 0;
  const reader = body.getReader();
  for (;;) {
    const { done, value } = await reader.read();
    // Browsers give an answer with 204 a body without bytes, with which no new answer can be made.
    if (done) return new Response(bytes === 0 ? null : new Blob(pieces), { status, statusText, headers });
    bytes += value.byteLength;
    if (bytes > bytesMax) {
      await reader.cancel();
      throw new RingbackConnectionError(`the answer has more than ${bytesMax} bytes`);
    }
    pieces.push(value);
  }
}

/** Throws the reason of a caller that has aborted the request, and what another try would not mend. */
function failureOf(url: string, cause: unknown, signal: AbortSignal, deadline?: AbortSignal): RingbackConnectionError {
  signal.throwIfAborted();
  if (cause instanceof RingbackConnectionError) throw cause;
  const reason = deadline?.aborted === true ? "no answer came in time" : reasonOf(cause);
  return new RingbackConnectionError(`cannot reach ${new URL(url).origin}: ${reason}`, { cause });
}

/** The reason of an error of `fetch` is in its cause. */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.cause instanceof Error && error.cause.message !== "" ? error.cause.message : error.message;
}

/** Returns the time until the next try; null: the result is final. */
function delayBefore(result: Response | Error, sent: Sent, retries: number): number | null {
  if (result instanceof Error) return isRepeatable(sent) && sent.method !== "DELETE" ? retryDelayMs(retries) : null;
  const { status, headers } = result;
  // With 429 nothing was done. With 502, 503 and 504 something may have been.
  if (status !== 429 && !(unavailable.has(status) && isRepeatable(sent))) return null;
  const delayMs = retryAfterMs(headers);
  if (delayMs === null) return retryDelayMs(retries);
  return delayMs <= retryAfterMsMax ? delayMs + retryDelayMs(0) : null;
}

const unavailable: ReadonlySet<number> = new Set([502, 503, 504]);

interface Sent {
  readonly method: string;
  readonly headers: Headers;
}

/**
 * True if a request may be sent twice. A condition would no longer hold after the first time. A DELETE whose answer was
 * lost would find nothing.
 */
function isRepeatable({ method, headers }: Sent): boolean {
  if (headers.has("if-match") || headers.has("if-none-match")) return false;
  return method !== "POST" || headers.has("idempotency-key");
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
