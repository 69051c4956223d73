import type { HookPost, PostFailure } from "@ringback/sdk/hooks";
import { RingbackError } from "../../domain/errors.ts";
import { limits } from "../../domain/limits.ts";
import { parseEndpoint } from "../../transport/endpoint.ts";
import type { Endpoint, PostResult, Transport, TransportErrorCode } from "../../transport/port.ts";
import type { BytesShare } from "./held-bytes.ts";

/** The POSTs of one call. */
export interface CallPosts {
  readonly post: HookPost;
  /** The first failure below HTTP; null when there was none. */
  readonly firstError: TransportErrorCode | null;
}

/**
 * The SDK's hook runner over the guarded transport. All replies of the call together are bounded, and count against what
 * all calls may hold: where that is full the call is refused as `overloaded`.
 */
export function callPosts(transport: Transport, share: BytesShare, places: ReadonlyMap<string, Place>): CallPosts {
  let replyBytesLeft: number = limits.hookCallReplyBytesMax;
  let firstError: TransportErrorCode | null = null;

  return {
    get firstError() {
      return firstError;
    },
    post: (url, headers, body, { timeoutMs, replyBytesMax }) => {
      const place = places.get(url);
      if (place === undefined) throw new Error("the hook has no such URL");
      const { promise, resolve, reject } = Promise.withResolvers<Awaited<ReturnType<HookPost>>>();
      let refused = false;
      const endpoint: Endpoint = {
        ...place,
        connection: "keep-alive",
        timeoutMs,
        wholeReplyBytesMax: Math.min(replyBytesMax, replyBytesLeft),
        takeReplyBytes: (bytes) => {
          refused = !share.take(bytes);
          return !refused;
        },
      };
      transport.post(endpoint, headers, body, (result) => {
        firstError ??= result.error;
        replyBytesLeft -= result.body.byteLength;
        if (refused) reject(new RingbackError("overloaded", "The replies of hooks hold as much memory as they may."));
        else resolve(answerOf(result));
      });
      return promise;
    },
  };
}

/** Where one URL leads; it says nothing of one call. */
export type Place = Pick<Endpoint, "origin" | "path">;

export function placesOf(urls: readonly string[]): ReadonlyMap<string, Place> {
  return new Map(
    urls.map((url) => {
      const { origin, path } = parseEndpoint({ url, connection: "keep-alive", timeoutMs: 0 });
      return [url, { origin, path }];
    }),
  );
}

function answerOf(result: PostResult): Awaited<ReturnType<HookPost>> {
  const { error, status, headers, body } = result;
  return error === null ? { status, headers, body } : { error: failureOf(error, status) };
}

/** Coarser than the transport's own: which of them it was says something of the network that the server stands in. */
const failures: Readonly<Record<TransportErrorCode, PostFailure>> = {
  timeout: "timeout",
  bad_reply: "bad_reply",
  reply_too_large: "reply_too_large",
  aborted: "aborted",
  dns_failed: "unreachable",
  address_denied: "unreachable",
  connect_refused: "unreachable",
  connect_failed: "unreachable",
  connection_reset: "unreachable",
  tls_failed: "unreachable",
};

function failureOf(error: TransportErrorCode, status: number): PostFailure {
  // Cut off in the middle of a reply.
  return error === "connection_reset" && status !== 0 ? "bad_reply" : failures[error];
}
