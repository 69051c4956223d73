import createFetchClient, { type Client } from "openapi-fetch";
import type { ApiCall, ApiInit, ApiMethod, MessageInput, paths, PublishedMessage } from "./api.ts";
import { apiError, RingbackApiError, RingbackConnectionError } from "./api-error.ts";
import { events, type EventOptions, type RingbackEvent } from "./events.ts";
import { newIdempotencyKey } from "./idempotency-key.ts";
import { itemsOf, type ListItem, type ListPath } from "./pages.ts";
import type { OnRetry } from "./outage.ts";
import { Publisher, type PublisherOptions, type SendBatch } from "./publisher.ts";
import { toBase64 } from "../protocols/base64.ts";
import { pulled, type HeldMessage, type PullOptions, type PullRequests } from "./pull.ts";
import { Sender, type Fetch } from "./sender.ts";

export interface ClientOptions {
  /** Where the server is, such as `http://127.0.0.1:8000`; a path in front of the API's own paths is kept. */
  readonly url: string;
  /** The token of an API key (`rbk_…`), or a function that returns it. The function is called for each request. */
  readonly token?: string | (() => string | Promise<string>) | undefined;
  /** The account that an operator's requests act on. */
  readonly account?: string | undefined;
  /** Instead of the global `fetch`. */
  readonly fetch?: Fetch;
  /** Sent with each request. */
  readonly headers?: Readonly<Record<string, string>>;
  /** How long a request may take, each retry anew. Default: 90 s, longer than the server lets a pull wait. */
  readonly timeoutMs?: number;
  /**
   * How often a request is repeated after a lost connection, a 429, 502, 503 or 504, if that is safe: a POST only with
   * an idempotency key, which the client makes for each publish. Default: 3.
   */
  readonly retriesMax?: number;
  /** Called before each wait for a retry, for a log. If it throws, the request or the loop ends with that error. */
  readonly onRetry?: OnRetry;
  /** The most bytes of an answer. Default: 16 MiB; the server sends no larger one. */
  readonly answerBytesMax?: number;
}

export interface RequestOptions {
  readonly signal?: AbortSignal | undefined;
}

export interface PublishOptions extends RequestOptions {
  /** The server publishes requests with the same key once. Without one, the client makes a key for its retries. */
  readonly idempotencyKey?: string | undefined;
}

/** A message as bytes or text, to be delivered as it is. */
export interface RawPublishOptions extends PublishOptions {
  readonly contentType: string;
  readonly type?: string;
  readonly tags?: readonly string[];
  readonly orderingKey?: string;
  readonly delayMs?: number;
}

/** A client of Ringback's REST API. */
export class RingbackClient {
  /** Requests by path, typed. Returns `{ data, error, response }` and does not throw for an answer that is an error. */
  readonly raw: Client<paths>;

  readonly get: ApiCall<"get"> = this.#call("get");
  readonly put: ApiCall<"put"> = this.#call("put");
  readonly post: ApiCall<"post"> = this.#call("post");
  readonly patch: ApiCall<"patch"> = this.#call("patch");
  readonly delete: ApiCall<"delete"> = this.#call("delete");

  readonly #url: string;
  readonly #sender: Sender;
  readonly #retries: boolean;
  readonly #onRetry: OnRetry | undefined;

  constructor(options: ClientOptions) {
    this.#url = checkedUrl(options.url);
    this.#sender = new Sender(options);
    this.#retries = options.retriesMax !== 0;
    this.#onRetry = options.onRetry;
    this.raw = createFetchClient<paths>({ baseUrl: this.#url, fetch: (request) => this.#sender.send(request) });
  }

  /** Publishes a message to a topic. Returns its id once it is on the server's disk. */
  publish(topic: string, message: MessageInput, options: PublishOptions = {}): Promise<PublishedMessage> {
    const init = { params: { path: { topic }, header: this.#keyHeader(options) }, body: message, ...signalOf(options) };
    return this.post("/v1/topics/{topic}/messages", init);
  }

  /** Publishes bytes or text with the content type with which they are delivered. JSON keeps its bytes, too. */
  publishRaw(topic: string, body: string | Uint8Array, options: RawPublishOptions): Promise<PublishedMessage> {
    const { type, tags, orderingKey, delayMs } = options;
    const contentType = options.contentType.trim();
    const settings = {
      ...(type !== undefined && { type }),
      ...(tags !== undefined && { tags }),
      ...(orderingKey !== undefined && { orderingKey }),
      ...(delayMs !== undefined && { delayMs }),
    };
    // The server reads JSON as the members of `MessageInput`, not as a raw body. In a query, a comma separates tags.
    if (/^application\/json\s*(?:;|$)/i.test(contentType) || tags?.some((tag) => tag.includes(",")) === true) {
      const content = typeof body === "string" ? { body } : { bodyBase64: toBase64(body) };
      return this.publish(topic, { ...settings, ...content, tags: [...(tags ?? [])], contentType }, options);
    }
    return this.post("/v1/topics/{topic}/messages", {
      params: { path: { topic }, query: settings, header: this.#keyHeader(options) },
      headers: { "content-type": contentType },
      body,
      bodySerializer: (bytes) => bytes,
      ...signalOf(options),
    });
  }

  /** Publishes several messages, all or none, in one request. `publisher` makes batches by itself. */
  async publishBatch(
    topic: string,
    messages: readonly MessageInput[],
    options: PublishOptions = {},
  ): Promise<readonly PublishedMessage[]> {
    const params = { path: { topic }, header: this.#keyHeader(options) };
    const init = { params, body: { messages }, ...signalOf(options) };
    return (await this.post("/v1/topics/{topic}/messages/batch", init)).messages;
  }

  /** Returns a publisher that collects the messages of many calls into few requests. */
  publisher(topic: string, options?: PublisherOptions): Publisher {
    const send: SendBatch = async (json, idempotencyKey) => {
      const answer = await this.post("/v1/topics/{topic}/messages/batch", {
        params: { path: { topic }, header: this.#keyHeader({ idempotencyKey }) },
        // The messages are JSON already.
        body: { messages: [] },
        bodySerializer: () => json,
      });
      return answer.messages;
    };
    return new Publisher(send, { ...(!this.#retries && { retryForMs: 0 }), ...options }, this.#onRetry);
  }

  /** The items of a list, over all its pages. */
  list<P extends ListPath>(path: P, init?: ApiInit<"get", P>): AsyncGenerator<ListItem<P>, void, undefined> {
    return itemsOf((path, init) => (this.get as LooseCall)(path, init), path, init);
  }

  /**
   * Messages of a pulled subscription, one by one. A message is acknowledged when the loop goes on to the next one, and
   * not if the loop ends by an error. While the loop holds a message, the client keeps it invisible to others.
   */
  pull(topic: string, subscription: string, options: PullOptions = {}): AsyncGenerator<HeldMessage, void, undefined> {
    const { messagesMax = 10, waitMs = 20_000, visibilityMs = 30_000 } = options;
    const base = "/v1/topics/{topic}/subscriptions/{subscription}";
    const params = { path: { topic, subscription } };
    const requests: PullRequests = {
      pull: async (signal) => {
        const body = { messagesMax, waitMs, visibilityMs };
        return (await this.post(`${base}/pull`, { params, body, ...(signal !== undefined && { signal }) })).messages;
      },
      acknowledge: async (receiptHandles) => lost(await this.post(`${base}/ack`, { params, body: { receiptHandles } })),
      putBack: async (receiptHandles, delayMs) =>
        lost(await this.post(`${base}/nack`, { params, body: { receiptHandles, delayMs } })),
    };
    return pulled(requests, { ...options, visibilityMs }, this.#onRetry);
  }

  /** Events of the server, as they happen. A lost connection is opened again after the last event. */
  events(options: EventOptions = {}): AsyncGenerator<RingbackEvent, void, undefined> {
    return events(
      (query, lastId, signal) => {
        const headers = { accept: "text/event-stream", ...(lastId !== "" && { "last-event-id": lastId }) };
        return this.#sender.open(`${this.#url}/v1/events?${query.toString()}`, headers, signal);
      },
      options,
      this.#onRetry,
    );
  }

  /** Without retries no key is made, because each key costs the server a row. */
  #keyHeader({ idempotencyKey }: PublishOptions): { readonly "Idempotency-Key"?: string } {
    if (idempotencyKey === undefined && !this.#retries) return {};
    return { "Idempotency-Key": idempotencyKey ?? newIdempotencyKey() };
  }

  #call<M extends ApiMethod>(method: M): ApiCall<M> {
    const call = async (path: string, init?: object): Promise<unknown> => {
      // The types of `ApiCall` have checked the path and the parameters.
      const request = this.raw.request as (method: string, path: string, init?: object) => Promise<RawAnswer>;
      const { data, error, response } = await request(method, path, init).catch((cause: unknown) => {
        throw usableError(cause);
      });
      if (!response.ok) throw apiError(response, error);
      return data;
    };
    return call as ApiCall<M>;
  }
}

/** The paths of the API are appended to the URL. Without its scheme, `localhost:8000` has the scheme `localhost`. */
function checkedUrl(url: string): string {
  if (!/^https?:\/\/[^/]/i.test(url) || !URL.canParse(url)) {
    throw new TypeError(`url is ${JSON.stringify(url)}; it must be a URL such as http://127.0.0.1:8000`);
  }
  // The URL is not shown, because it may contain a password.
  if (new URL(url).username !== "" || new URL(url).password !== "") {
    throw new TypeError("url has a user or a password; give the token of an API key as token");
  }
  if (/[?#]/.test(url)) throw new TypeError(`url is ${JSON.stringify(url)}; it must have no query and no fragment`);
  return url.replace(/\/+$/, "");
}

type LooseCall = (path: string, init?: object) => Promise<unknown>;

interface HandleResults {
  readonly results: readonly { readonly receiptHandle: string; readonly result: string }[];
}

function lost({ results }: HandleResults): readonly string[] {
  return results.filter(({ result }) => result !== "done").map(({ receiptHandle }) => receiptHandle);
}

function signalOf({ signal }: RequestOptions): { readonly signal?: AbortSignal } {
  return signal === undefined ? {} : { signal };
}

interface RawAnswer {
  readonly data?: unknown;
  readonly error?: unknown;
  readonly response: Response;
}

/** Only a few answers of Ringback are not JSON, such as that of `/metrics`. */
function usableError(cause: unknown): unknown {
  if (!(cause instanceof SyntaxError)) return cause;
  const advice = 'is this a Ringback server? Read an answer that is text with parseAs: "text"';
  return new RingbackConnectionError(`the answer is not JSON; ${advice}`, { cause });
}

export function createClient(options: ClientOptions): RingbackClient {
  return new RingbackClient(options);
}

/** True if the error is an answer of the server with one of the codes. */
export function hasCode(error: unknown, ...codes: readonly RingbackApiError["code"][]): error is RingbackApiError {
  return error instanceof RingbackApiError && codes.includes(error.code);
}
