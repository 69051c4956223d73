/** The runner's way to POST where a program has nothing better: the platform's own `fetch`. */

import { BoundedBytes } from "../protocols/bounded-bytes.ts";
import type { HookReply } from "../protocols/hook-protocol.ts";
import { Deadline } from "./deadline.ts";
import { withFirstValues } from "./joined-headers.ts";
import { isNotHttpError } from "./not-http.ts";
import type { HookPost } from "./run-hook.ts";

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
    if (options.signal?.aborted === true) return { error: "aborted" };
    const connection = new AbortController();
    const deadline = new Deadline(options, () => connection.abort());
    try {
      const response = await fetchFunction(url, {
        method: "POST",
        headers: headersOf(headers),
        body: body as Uint8Array<ArrayBuffer>,
        redirect: "manual",
        signal: connection.signal,
      });
      return await readReply(response, options.replyBytesMax, deadline);
    } catch (error) {
      return { error: deadline.error ?? (isNotHttp(error) ? "bad_reply" : "unreachable") };
    } finally {
      deadline.end();
      // Closes the connection of a reply that was not read to its end; after a whole reply it has no effect.
      connection.abort();
    }
  };
}

/** Never rejects. */
async function readReply(response: Response, replyBytesMax: number, deadline: Deadline): ReturnType<HookPost> {
  const bytes = new BoundedBytes(replyBytesMax);
  try {
    const isWhole = await readBody(response, bytes);
    const reply = replyOf(response, bytes.taken());
    return isWhole ? reply : { error: "reply_too_large", partial: reply };
  } catch {
    return { error: deadline.error ?? "bad_reply", partial: replyOf(response, bytes.taken()) };
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
