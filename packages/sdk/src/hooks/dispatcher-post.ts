/**
 * POSTs hook calls through an undici dispatcher, for programs on Node that use undici. A POST with `fetch` takes
 * several times as much CPU time.
 */

import { BoundedBytes } from "../protocols/bounded-bytes.ts";
import { codingFault, contentCoding, decodeContent } from "../protocols/content-coding.ts";
import type { HookReply } from "../protocols/hook-protocol.ts";
import { Deadline } from "./deadline.ts";
import { detailOf, tooLarge } from "./failure-detail.ts";
import { isNotHttpError } from "./not-http.ts";
import type { PostFailure } from "./outcome.ts";
import type { HookPost, PostOptions } from "./run-hook.ts";

/**
 * The members of an undici `Agent`, or of another dispatcher, that are used here. They fit undici 7 and 8. Undici 7.0
 * decodes header values as UTF-8. Versions from 7.30 on, and 8, return one character per byte.
 */
export interface UndiciDispatcher {
  dispatch(request: DispatchedPost, handler: DispatchedPostHandler): boolean;
}

export interface DispatchedPost {
  readonly origin: string;
  readonly path: string;
  readonly method: "POST";
  /** Name, value, name, value … undici does not change the list. */
  readonly headers: string[];
  readonly body: Uint8Array;
  readonly headersTimeout: number;
  readonly bodyTimeout: number;
}

export interface DispatchedPostHandler {
  onRequestStart(controller: DispatchController): void;
  onResponseStart(controller: DispatchController, status: number, headers: DispatchedReplyHeaders): void;
  onResponseData(controller: DispatchController, piece: Uint8Array): void;
  onResponseEnd(): void;
  /** `controller` is null when nothing was sent. */
  onResponseError(controller: DispatchController | null, error: Error): void;
}

export interface DispatchController {
  abort(reason: Error): void;
}

/** The names are in lower case. A header that was sent several times has a list of values. */
export type DispatchedReplyHeaders = Readonly<Record<string, string | string[] | undefined>>;

/** The most interim (1xx) replies before the final reply. No server needs more than a few. */
const interimRepliesMax = 16;

/**
 * Returns a function that POSTs through this dispatcher. The dispatcher is an `Agent`, or a `Pool` if all hooks have
 * the pool's origin: a pool sends every request to its own origin. Connections, TLS and proxies are configured in the
 * dispatcher. Interceptors of the dispatcher apply. For example, an interceptor that follows redirects does so for hook
 * calls too. The dispatcher's own time limits for replies are switched off; the hook's time limit applies instead.
 *
 * The request asks for an uncompressed reply. A reply that is compressed nevertheless (gzip, deflate, br) is
 * decompressed within the size limit. A reply with another encoding is a `bad_reply`. The connection is closed when a
 * reply is not read to its end.
 */
export function dispatcherPost(dispatcher: UndiciDispatcher): HookPost {
  return async (url, headers, body, options) => {
    if (options.signal?.aborted === true) return { error: "aborted" };
    if (!URL.canParse(url)) return { error: "unreachable", detail: "the hook's URL is not a URL" };
    const { origin, pathname, search } = new URL(url);
    const request: DispatchedPost = {
      origin,
      path: pathname + search,
      method: "POST",
      headers: ["accept-encoding", "identity", ...headers],
      body,
      headersTimeout: 0,
      bodyTimeout: 0,
    };
    return await new Promise((resolve) => {
      const exchange = new Exchange(options, resolve);
      try {
        dispatcher.dispatch(request, exchange);
      } catch (error) {
        exchange.end({ error: "unreachable", detail: detailOf(error) });
      }
    });
  };
}

type Result = Awaited<ReturnType<HookPost>>;

const noHeaders: Readonly<Record<string, string>> = {};

/** One POST, from its dispatch to its result. Events that the dispatcher reports after the result are ignored. */
class Exchange implements DispatchedPostHandler {
  readonly #resolve: (result: Result) => void;
  readonly #deadline: Deadline;
  readonly #bytesMax: number;
  readonly #body: BoundedBytes;
  #controller: DispatchController | null = null;
  #ended = false;
  #interimReplies = 0;
  /** The status of the final reply; 0 until its headers have arrived. */
  #status = 0;
  #headers: Readonly<Record<string, string>> = noHeaders;
  #coding: string | null = null;
  #codingFault: string | null = null;

  constructor(options: PostOptions, resolve: (result: Result) => void) {
    this.#resolve = resolve;
    this.#bytesMax = options.replyBytesMax;
    this.#body = new BoundedBytes(options.replyBytesMax);
    this.#deadline = new Deadline(options, (error) => this.#cutOff(error));
  }

  /** Called when the connection is open and before anything is sent. */
  onRequestStart(controller: DispatchController): void {
    // The POST ended while it waited for a connection. The error cancels this POST alone. An abort would close the
    // connection, for which other POSTs wait as well.
    if (this.#ended) throw new Error("the POST was aborted before it was sent");
    this.#controller = controller;
  }

  onResponseStart(_controller: DispatchController, status: number, headers: DispatchedReplyHeaders): void {
    if (status < 200) {
      this.#interimReplies += 1;
      if (this.#interimReplies > interimRepliesMax) this.#cutOff("bad_reply", "too many interim replies");
      return;
    }
    this.#status = status;
    this.#headers = firstValues(headers);
    this.#coding = contentCoding(headers["content-encoding"]);
    this.#codingFault = this.#coding === null ? null : codingFault(this.#coding);
  }

  onResponseData(_controller: DispatchController, piece: Uint8Array): void {
    if (this.#codingFault !== null) this.#cutOff("bad_reply", this.#codingFault);
    else if (!this.#body.append(piece)) this.#cutOff("reply_too_large", tooLarge(this.#bytesMax));
  }

  onResponseEnd(): void {
    if (this.#coding === null || this.#body.bytes().length === 0) this.end(this.#reply());
    else void this.#endDecoded(this.#coding);
  }

  onResponseError(_controller: DispatchController | null, error: Error): void {
    this.#fail(failureOf(error, this.#status !== 0), detailOf(error));
  }

  async #endDecoded(coding: string): Promise<void> {
    const { body, fault } = await decodeContent(coding, this.#body.bytes(), this.#bytesMax);
    const reply = { ...this.#reply(), body };
    if (fault === null) this.end(reply);
    else if (fault === "too_large") {
      this.end({ error: "reply_too_large", detail: tooLarge(this.#bytesMax), partial: reply });
    } else this.end({ error: "bad_reply", detail: fault, partial: reply });
  }

  end(result: Result): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#deadline.end();
    this.#resolve(result);
  }

  #reply(): HookReply {
    return { status: this.#status, headers: this.#headers, body: this.#body.bytes() };
  }

  #fail(error: PostFailure, detail: string | undefined): void {
    // The body of a compressed reply that is cut off cannot be read.
    const reply = this.#reply();
    const partial = this.#coding === null ? reply : { ...reply, body: new Uint8Array() };
    this.end(this.#status === 0 ? { error, detail } : { error, detail, partial });
  }

  #cutOff(error: PostFailure, detail?: string): void {
    this.#fail(error, detail);
    this.#controller?.abort(new Error(`the POST was ended: ${error}`));
  }
}

/**
 * Returns the first value of each header. Without lists, as in nearly all replies, the dispatcher's own object is
 * returned. `fromEntries` defines members, so a header called `__proto__` becomes an ordinary member.
 */
function firstValues(headers: DispatchedReplyHeaders): Readonly<Record<string, string>> {
  const entries = Object.entries(headers);
  if (entries.every(([, value]) => typeof value === "string")) return headers as Readonly<Record<string, string>>;
  return Object.fromEntries(entries.map(([name, value]) => [name, (Array.isArray(value) ? value[0] : value) ?? ""]));
}

/**
 * Reads only the error's name and code, not its class: a program may have several copies of undici and wrappers around
 * them.
 */
function failureOf(error: Error & { readonly code?: unknown }, replying: boolean): PostFailure {
  // The reply exceeded a limit that the program set in the dispatcher.
  if (error.code === "UND_ERR_RES_EXCEEDED_MAX_SIZE") return "reply_too_large";
  return replying || isNotHttpError(error) ? "bad_reply" : "unreachable";
}
