/** POSTs hook calls with `fetch`, which every platform has. */

import { BoundedBytes } from "../protocols/bounded-bytes.ts";
import { contentCoding } from "../protocols/content-coding.ts";
import type { HookReply } from "../protocols/hook-protocol.ts";
import { Deadline } from "./deadline.ts";
import { detailOf, tooLarge } from "./failure-detail.ts";
import { withFirstValues } from "./joined-headers.ts";
import { isNotHttpError } from "./not-http.ts";
import type { HookPost } from "./run-hook.ts";

/**
 * Returns a function that POSTs with this `fetch`. Redirects are not followed. The size limit applies to the decoded
 * reply. A wrong Content-Length or a highly compressed body therefore cannot exceed the limit. The connection is closed
 * when a reply is not read to its end.
 *
 * `fetch` hides two facts. It joins the values of a repeated header with commas; only the values of `Content-Type` and
 * `Content-Disposition` are separated again. It treats status 407 as a network error, so a 407 from a callback server
 * is `unreachable` and not a rejection.
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
      if (deadline.error !== null) return { error: deadline.error };
      return { error: isNotHttp(error) ? "bad_reply" : "unreachable", detail: detailOf(error) };
    } finally {
      deadline.end();
      // Closes the connection of a reply that was not read to its end. The abort has no effect after a whole reply.
      connection.abort();
    }
  };
}

/** The encodings that `fetch` decodes. The header stays, although the body is decoded. */
const decodedByFetch = /^(?:x-)?(?:gzip|deflate|br|zstd)(?:, (?:x-)?(?:gzip|deflate|br|zstd))*$/;

/** Reads the body, up to the size limit. Never rejects. */
async function readReply(response: Response, replyBytesMax: number, deadline: Deadline): ReturnType<HookPost> {
  const bytes = new BoundedBytes(replyBytesMax);
  try {
    const isWhole = await bytes.appendAll(response.body);
    const reply = replyOf(response, bytes.bytes());
    if (!isWhole) return { error: "reply_too_large", detail: tooLarge(replyBytesMax), partial: reply };
    const coding = contentCoding(response.headers.get("content-encoding") ?? undefined);
    if (coding === null || decodedByFetch.test(coding) || reply.body.length === 0) return reply;
    const detail = `the reply has the Content-Encoding "${coding}", which is not supported`;
    return { error: "bad_reply", detail, partial: { ...reply, body: new Uint8Array() } };
  } catch (error) {
    const partial = replyOf(response, bytes.bytes());
    if (deadline.error !== null) return { error: deadline.error, partial };
    return { error: "bad_reply", detail: detailOf(error), partial };
  }
}

/**
 * Returns the headers, with a request for an uncompressed reply. `fetch` decompresses replies itself, and the size of
 * the compressed bytes cannot be limited before that.
 */
function headersOf(pairs: readonly string[]): [string, string][] {
  const headers: [string, string][] = [["accept-encoding", "identity"]];
  for (let at = 0; at < pairs.length; at += 2) headers.push([pairs[at] ?? "", pairs[at + 1] ?? ""]);
  return headers;
}

/**
 * Converts the response. A browser hides the status of a redirect, so 302 is returned. Every dialect treats all
 * redirects alike.
 */
function replyOf(response: Response, body: Uint8Array): HookReply {
  const status = response.type === "opaqueredirect" ? 302 : response.status;
  return { status, headers: withFirstValues(Object.fromEntries(response.headers)), body };
}

/** Whether the reply is not HTTP. Only Node reports this error. On other platforms such a reply is `unreachable`. */
function isNotHttp(error: unknown): boolean {
  return error instanceof Error && error.cause instanceof Error && isNotHttpError(error.cause);
}
