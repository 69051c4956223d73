import type { FailedPost, HookPost, PostFailure, PostOptions } from "@ringback/sdk/hooks";
import { isJsonType, mediaTypeOf } from "@ringback/sdk/protocols";
import type { HookReply } from "@ringback/sdk/protocols";
import { RingbackError } from "../../domain/errors.ts";
import { limits } from "../../domain/limits.ts";
import type { AccountId } from "../../domain/model.ts";
import { connectionsKeyOf, parseTarget, type Target } from "../../transport/endpoint.ts";
import type { Endpoint, PostResult, Transport, TransportErrorCode } from "../../transport/port.ts";
import type { BudgetShare } from "./memory-budget.ts";

/** Bytes kept of an incomplete reply. They are only searched for a rejection, and its text is shorter than this. */
const partialBytesMax = 64 * 1024;

export type HookTarget = Target & Pick<Endpoint, "connectionsKey">;

/**
 * Makes the POSTs of one hook call over the guarded transport, for the SDK's hook runner. All replies of the call share
 * one size limit and use the memory budget of all calls. When the budget is used up, the call is refused as
 * `overloaded`.
 */
export class CallPosts {
  readonly #transport: Pick<Transport, "post">;
  readonly #share: BudgetShare;
  readonly #targets: ReadonlyMap<string, HookTarget>;
  #replyBytesLeft: number = limits.hookCallReplyBytesMax;
  #exceededBudget = false;
  #firstFailure: PostResult | null = null;

  /** `targets`: maps each URL of the hook to its parsed form. */
  constructor(transport: Pick<Transport, "post">, share: BudgetShare, targets: ReadonlyMap<string, HookTarget>) {
    this.#transport = transport;
    this.#share = share;
    this.#targets = targets;
  }

  /** The first POST of the call that failed in the transport, for example because of a refused connection. */
  get firstFailure(): Pick<PostResult, "error" | "errorDetail"> | null {
    return this.#firstFailure;
  }

  readonly post: HookPost = (url, headers, body, options) => {
    const target = this.#targets.get(url);
    if (target === undefined) throw new Error("the hook has no such URL");
    const endpoint = this.#endpoint(target, options);
    return new Promise((resolve, reject) => {
      this.#transport.post(endpoint, headers, body, (result) => {
        const reply = this.#replyOf(result);
        if (reply === null) {
          reject(new RingbackError("overloaded", "The replies of hooks use all of their memory budget."));
        } else resolve(reply);
      });
    });
  };

  readonly #take = (bytes: number): boolean => {
    const taken = this.#share.take(bytes);
    if (!taken) this.#exceededBudget = true;
    return taken;
  };

  #endpoint(target: HookTarget, { timeoutMs, replyBytesMax }: PostOptions): Endpoint {
    const wholeReplyBytesMax = Math.min(replyBytesMax, this.#replyBytesLeft);
    return { ...target, connection: "keep-alive", timeoutMs, wholeReplyBytesMax, takeReplyBytes: this.#take };
  }

  /** Returns null if the reply exceeds the memory budget. */
  #replyOf(result: PostResult): HookReply | FailedPost | null {
    if (result.error !== null) this.#firstFailure ??= result;
    this.#replyBytesLeft -= result.body.byteLength;
    const error = failureOf(result);
    const { status, headers } = result;
    const body = error === null ? result.body : result.body.subarray(0, partialBytesMax);
    const reply = { status, headers, body };
    if (this.#exceededBudget || !this.#take(derivedBytes(reply))) return null;
    if (error === null) return reply;
    const detail = isCut(result) ? cutReply : isDetailPublic(result) ? result.errorDetail : undefined;
    return status === 0 ? { error, detail } : { error, detail, partial: reply };
  }
}

export function targetsOf(urls: readonly string[], account: AccountId): ReadonlyMap<string, HookTarget> {
  const targets = urls.map((url) => [url, parseTarget(url)] as const);
  return new Map(
    targets.map(([url, target]) => [url, { ...target, connectionsKey: connectionsKeyOf(target, account) }]),
  );
}

/** Memory for the values parsed from a reply. The bytes of the reply itself were counted when they arrived. */
function derivedBytes(reply: HookReply): number {
  const factor = isJson(reply) ? limits.hookJsonBytesFactor : limits.hookAttachmentBytesFactor;
  return reply.body.byteLength * (factor - 1);
}

function isJson({ headers }: HookReply): boolean {
  return isJsonType(mediaTypeOf(headers["content-type"]));
}

/**
 * Maps transport errors to less detailed ones, because the transport's codes would show callers details of the server's
 * network.
 */
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
  proxy_failed: "unreachable",
  oauth2_failed: "unreachable",
};

const cutReply = "the connection was closed in the middle of the reply";

/** Details of other errors contain addresses of the server's network. */
function isDetailPublic({ error }: PostResult): boolean {
  return error === "timeout" || error === "bad_reply" || error === "reply_too_large";
}

/** If a status was received, the connection was reset in the middle of a reply. */
function isCut({ error, status }: PostResult): boolean {
  return error === "connection_reset" && status !== 0;
}

function failureOf(result: PostResult): PostFailure | null {
  const { error, body } = result;
  if (error === null) {
    return body.byteLength > limits.hookJsonReplyBytesMax && isJson(result) ? "reply_too_large" : null;
  }
  return isCut(result) ? "bad_reply" : failures[error];
}
