/** The runner's way to POST where a program has nothing better: the platform's own `fetch`. */

import type { HookReply } from "../protocols/hook-protocol.ts";
import { BoundedBytes } from "./bounded-bytes.ts";
import { withFirstValues } from "./joined-headers.ts";
import { isNotHttpError } from "./not-http.ts";
import type { PostFailure } from "./outcome.ts";
import type { HookPost, PostOptions } from "./run-hook.ts";

/**
 * A post over this `fetch`. Redirects are not followed. The reply is bounded as it is decoded, so neither a lying length
 * nor compressed zeros get past the bound, and whatever is not read to its end is cut off with its connection.
 *
 * What `fetch` keeps to itself: of a header that came several times it gives all values joined with commas, of which only
 * those of `Content-Type` and `Content-Disposition` are taken apart again; and a 407 is a network error of its own, so
 * that a callback server's 407 is `unreachable` and no refusal.
 */
export function fetchPost(fetchFunction: typeof fetch = fetch): HookPost {
  return async (url, headers, body, options) => {
    const deadline = new Deadline(options);
    try {
      return await exchange(fetchFunction, url, headers, body, options.replyBytesMax, deadline);
    } finally {
      deadline.end();
    }
  };
}

async function exchange(
  fetchFunction: typeof fetch,
  url: string,
  headers: readonly string[],
  body: Uint8Array,
  replyBytesMax: number,
  deadline: Deadline,
): ReturnType<HookPost> {
  let response: Response;
  try {
    response = await fetchFunction(url, {
      method: "POST",
      headers: headersOf(headers),
      body: body as Uint8Array<ArrayBuffer>,
      redirect: "manual",
      signal: deadline.signal,
    });
  } catch (error) {
    return { error: deadline.passed ?? (isNotHttp(error) ? "bad_reply" : "unreachable") };
  }
  const bytes = new BoundedBytes(replyBytesMax);
  try {
    const whole = await readBody(response, bytes);
    const reply = replyOf(response, bytes.taken());
    return whole ? reply : { error: "reply_too_large", partial: reply };
  } catch {
    return { error: deadline.passed ?? "bad_reply", partial: replyOf(response, bytes.taken()) };
  }
}

/** `fetch` undoes compression by itself, and compressed bytes could not be bounded before that: so none are asked for. */
function headersOf(pairs: readonly string[]): [string, string][] {
  const headers: [string, string][] = [["accept-encoding", "identity"]];
  for (let at = 0; at < pairs.length; at += 2) headers.push([pairs[at] ?? "", pairs[at + 1] ?? ""]);
  return headers;
}

/** false when there is more than fits. */
async function readBody(response: Response, bytes: BoundedBytes): Promise<boolean> {
  if (response.body === null) return true;
  const reader: ReadableStreamDefaultReader<Uint8Array> = response.body.getReader();
  for (;;) {
    const { value, done } = await reader.read();
    if (done) return true;
    if (!bytes.append(value)) return false;
  }
}

/** A browser does not say which redirect it was; to every dialect all are the same. */
function replyOf(response: Response, body: Uint8Array): HookReply {
  const status = response.type === "opaqueredirect" ? 302 : response.status;
  return { status, headers: withFirstValues(Object.fromEntries(response.headers)), body };
}

/** Told by Node alone; elsewhere what is not HTTP counts as nobody there. */
function isNotHttp(error: unknown): boolean {
  return error instanceof Error && error.cause instanceof Error && isNotHttpError(error.cause);
}

/** The time that a POST has, and its caller's wish to give it up, in one signal that also cuts what nobody reads on. */
class Deadline {
  /** Why the POST must end; null as long as it need not. */
  passed: PostFailure | null = null;
  readonly #abort = new AbortController();
  readonly #timer: ReturnType<typeof setTimeout>;
  readonly #caller: AbortSignal | undefined;
  readonly #callerGaveUp = (): void => this.#pass("aborted");

  constructor({ timeoutMs, signal }: PostOptions) {
    this.#timer = setTimeout(() => this.#pass("timeout"), timeoutMs);
    this.#caller = signal;
    if (signal?.aborted === true) this.#callerGaveUp();
    signal?.addEventListener("abort", this.#callerGaveUp);
  }

  get signal(): AbortSignal {
    return this.#abort.signal;
  }

  /** Harmless after a whole reply; anything less loses its connection. */
  end(): void {
    clearTimeout(this.#timer);
    this.#caller?.removeEventListener("abort", this.#callerGaveUp);
    this.#abort.abort();
  }

  #pass(why: PostFailure): void {
    this.passed ??= why;
    this.#abort.abort();
  }
}
