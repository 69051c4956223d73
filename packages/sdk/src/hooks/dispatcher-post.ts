/**
 * The runner's way to POST for programs on Node that have undici: straight over one of its dispatchers. `fetch` costs
 * several times the CPU of the request itself.
 */

import { BoundedBytes } from "../protocols/bounded-bytes.ts";
import type { HookReply } from "../protocols/hook-protocol.ts";
import { Deadline } from "./deadline.ts";
import { isNotHttpError } from "./not-http.ts";
import type { PostFailure } from "./outcome.ts";
import { TargetCache } from "./target-cache.ts";
import type { HookPost, PostOptions } from "./run-hook.ts";

/**
 * An undici `Agent`, or whatever else dispatches like one, as far as it is used here. For undici 8 and 7; early versions
 * of 7 (7.0) decode header values as UTF-8, where 7.30 gives one byte per character, as 8 does.
 */
export interface UndiciDispatcher {
  dispatch(request: DispatchedPost, handler: DispatchedPostHandler): boolean;
}

export interface DispatchedPost {
  readonly origin: string;
  readonly path: string;
  readonly method: "POST";
  /** Name, value, name, value …; undici only reads them. */
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
  /** The controller is null when nothing was sent. */
  onResponseError(controller: DispatchController | null, error: Error): void;
}

export interface DispatchController {
  abort(reason: Error): void;
}

/** Lower-case names; a list where a header came several times. */
export type DispatchedReplyHeaders = Readonly<Record<string, string | string[] | undefined>>;

/** Interim (1xx) replies before the final one; nobody needs more than a few. */
const interimRepliesMax = 16;

/**
 * A post over this dispatcher: an `Agent`, or a `Pool` where all hooks go to its origin, since a pool sends everything
 * there whatever the URL says. Connections, TLS and proxies are the dispatcher's affair, and so are its interceptors: one
 * that follows redirects or repeats POSTs does so here too. Its own time limits for a reply do not count; the hook's does.
 *
 * Nothing is decompressed: none of that is asked for, and a body that says it is compressed is a `bad_reply`. Whatever is not read to its
 * end is cut off with its connection.
 */
export function dispatcherPost(dispatcher: UndiciDispatcher): HookPost {
  const places = new TargetCache();
  return (url, headers, body, options) => {
    if (options.signal?.aborted === true) return Promise.resolve({ error: "aborted" });
    const place = places.of(url);
    if (place === null) return Promise.resolve({ error: "unreachable" });
    const { origin, path } = place;
    return new Promise((resolve) => {
      const exchange = new Exchange(options, resolve);
      try {
        dispatcher.dispatch(
          {
            origin,
            path,
            method: "POST",
            headers: ["accept-encoding", "identity", ...headers],
            body,
            headersTimeout: 0,
            bodyTimeout: 0,
          },
          exchange,
        );
      } catch {
        exchange.end({ error: "unreachable" });
      }
    });
  };
}

type Result = Awaited<ReturnType<HookPost>>;

const noHeaders: Readonly<Record<string, string>> = {};

/** One POST from its dispatch to its result, of which there is one, whatever the dispatcher says afterwards. */
class Exchange implements DispatchedPostHandler {
  readonly #resolve: (result: Result) => void;
  readonly #deadline: Deadline;
  readonly #body: BoundedBytes;
  #controller: DispatchController | null = null;
  #over = false;
  #interimReplies = 0;
  /** 0 until the final reply's head has come. */
  #status = 0;
  #headers: Readonly<Record<string, string>> = noHeaders;
  #compressed = false;

  constructor(options: PostOptions, resolve: (result: Result) => void) {
    this.#resolve = resolve;
    this.#body = new BoundedBytes(options.replyBytesMax);
    this.#deadline = new Deadline(options, (error) => this.#cutOff(error));
  }

  /** A connection is there, and nothing has been sent. */
  onRequestStart(controller: DispatchController): void {
    // Given up while it waited for its turn. Aborting would close a connection that others wait for.
    if (this.#over) throw new Error("the POST was given up before it was sent");
    this.#controller = controller;
  }

  onResponseStart(_controller: DispatchController, status: number, headers: DispatchedReplyHeaders): void {
    if (status < 200) {
      this.#interimReplies += 1;
      if (this.#interimReplies > interimRepliesMax) this.#cutOff("bad_reply");
      return;
    }
    this.#status = status;
    this.#headers = firstValues(headers);
    this.#compressed = isCompressed(headers["content-encoding"]);
  }

  onResponseData(_controller: DispatchController, piece: Uint8Array): void {
    if (this.#compressed) this.#cutOff("bad_reply");
    else if (!this.#body.append(piece)) this.#cutOff("reply_too_large");
  }

  onResponseEnd(): void {
    this.end(this.#reply());
  }

  onResponseError(_controller: DispatchController | null, error: Error): void {
    this.#fail(failureOf(error, this.#status !== 0));
  }

  end(result: Result): void {
    if (this.#over) return;
    this.#over = true;
    this.#deadline.end();
    this.#resolve(result);
  }

  #reply(): HookReply {
    return { status: this.#status, headers: this.#headers, body: this.#body.taken() };
  }

  #fail(error: PostFailure): void {
    this.end(this.#status === 0 ? { error } : { error, partial: this.#reply() });
  }

  #cutOff(error: PostFailure): void {
    this.#fail(error);
    this.#controller?.abort(new Error(`the POST was cut off: ${error}`));
  }
}

/** The dispatcher's own object where it has no lists, which is nearly always. */
function firstValues(headers: DispatchedReplyHeaders): Readonly<Record<string, string>> {
  for (const name in headers) {
    if (typeof headers[name] !== "string") return withFirstValues(headers);
  }
  return headers as Readonly<Record<string, string>>;
}

/** `fromEntries` defines members, so that a header called `__proto__` is one like any other. */
function withFirstValues(headers: DispatchedReplyHeaders): Readonly<Record<string, string>> {
  return Object.fromEntries(
    Object.entries(headers).map(([name, value]) => [name, (typeof value === "string" ? value : value?.[0]) ?? ""]),
  );
}

function isCompressed(contentEncoding: string | string[] | undefined): boolean {
  if (contentEncoding === undefined) return false;
  const coding = String(contentEncoding).trim().toLowerCase();
  return coding !== "" && coding !== "identity";
}

/** By the error's name and code alone: a program may have several copies of undici, and its own around them. */
function failureOf(error: Error & { readonly code?: unknown }, replying: boolean): PostFailure {
  // The bound of the dispatcher itself, where a program has set one.
  if (error.code === "UND_ERR_RES_EXCEEDED_MAX_SIZE") return "reply_too_large";
  return replying || isNotHttpError(error) ? "bad_reply" : "unreachable";
}
