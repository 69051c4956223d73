import type { FailedPost, HookPost, PostFailure, PostOptions } from "@ringback/sdk/hooks";
import { isJsonType, mediaTypeOf } from "@ringback/sdk/protocols";
import type { HookReply } from "@ringback/sdk/protocols";
import { RingbackError } from "../../domain/errors.ts";
import { limits } from "../../domain/limits.ts";
import { parseEndpoint } from "../../transport/endpoint.ts";
import type { Endpoint, PostResult, Transport, TransportErrorCode } from "../../transport/port.ts";
import type { BytesShare } from "./memory-budget.ts";

/** What is looked at of a reply that failed: only a refusal counts there, and its reason is shorter than that. */
const partialBytesMax = 64 * 1024;

/**
 * The POSTs of one call: the SDK's hook runner over the guarded transport. All replies of the call together are bounded,
 * and count against what all calls may hold: where that is full the call is refused as `overloaded`.
 */
export class CallPosts {
  readonly #transport: Transport;
  readonly #share: BytesShare;
  readonly #places: ReadonlyMap<string, Place>;
  #replyBytesLeft: number = limits.hookCallReplyBytesMax;
  #refused = false;
  #firstError: TransportErrorCode | null = null;

  constructor(transport: Transport, share: BytesShare, places: ReadonlyMap<string, Place>) {
    this.#transport = transport;
    this.#share = share;
    this.#places = places;
  }

  /** The first failure below HTTP; null when there was none. */
  get firstError(): TransportErrorCode | null {
    return this.#firstError;
  }

  readonly post: HookPost = (url, headers, body, options) => {
    const place = this.#places.get(url);
    if (place === undefined) throw new Error("the hook has no such URL");
    const endpoint = this.#endpoint(place, options);
    return new Promise((resolve, reject) => {
      this.#transport.post(endpoint, headers, body, (result) => {
        const answer = this.#answer(result);
        if (answer === null) {
          reject(new RingbackError("overloaded", "The replies of hooks hold as much memory as they may."));
        } else resolve(answer);
      });
    });
  };

  readonly #take = (bytes: number): boolean => {
    const taken = this.#share.take(bytes);
    if (!taken) this.#refused = true;
    return taken;
  };

  #endpoint({ origin, path }: Place, { timeoutMs, replyBytesMax }: PostOptions): Endpoint {
    const wholeReplyBytesMax = Math.min(replyBytesMax, this.#replyBytesLeft);
    return { origin, path, connection: "keep-alive", timeoutMs, wholeReplyBytesMax, takeReplyBytes: this.#take };
  }

  /** null where there is no room for it. */
  #answer(result: PostResult): HookReply | FailedPost | null {
    this.#firstError ??= result.error;
    this.#replyBytesLeft -= result.body.byteLength;
    const error = failureOf(result);
    const { status, headers } = result;
    const body = error === null ? result.body : result.body.subarray(0, partialBytesMax);
    const reply = { status, headers, body };
    if (this.#refused || !this.#take(bytesMade(reply))) return null;
    if (error === null) return reply;
    return status === 0 ? { error } : { error, partial: reply };
  }
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

/** What is made of a reply, beside the bytes themselves, which were counted as they came. */
function bytesMade(reply: HookReply): number {
  const factor = isJson(reply) ? limits.hookJsonBytesFactor : limits.hookAttachmentBytesFactor;
  return reply.body.byteLength * (factor - 1);
}

function isJson({ headers }: HookReply): boolean {
  return isJsonType(mediaTypeOf(headers["content-type"]));
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

function failureOf(result: PostResult): PostFailure | null {
  const { error, status, body } = result;
  if (error === null) {
    return body.byteLength > limits.hookJsonReplyBytesMax && isJson(result) ? "reply_too_large" : null;
  }
  // Cut off in the middle of a reply.
  return error === "connection_reset" && status !== 0 ? "bad_reply" : failures[error];
}
