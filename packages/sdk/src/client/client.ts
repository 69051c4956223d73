import createFetchClient, { type Client } from "openapi-fetch";
import type { ApiCall, ApiMethod, paths, MessageInput, PublishedMessage } from "./api.ts";
import { apiError, RingbackApiError, RingbackConnectionError } from "./api-error.ts";
import { sender, type Fetch } from "./sender.ts";

export interface ClientOptions {
  /** Where the server is, such as `http://127.0.0.1:8000`; a path in front of the API's own paths is kept. */
  readonly url: string;
  /** The token of an API key (`rbk_…`), or a function that returns it. The function is called for each request. */
  readonly token?: string | (() => string | Promise<string>);
  /** The account that an operator's requests act on. */
  readonly account?: string;
  /** Instead of the global `fetch`. */
  readonly fetch?: Fetch;
  /** Sent with each request. */
  readonly headers?: Readonly<Record<string, string>>;
}

export interface RequestOptions {
  readonly signal?: AbortSignal;
}

export interface PublishOptions extends RequestOptions {
  /** The server publishes requests with the same key once. */
  readonly idempotencyKey?: string;
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

  constructor(options: ClientOptions) {
    this.raw = createFetchClient<paths>({
      baseUrl: options.url,
      fetch: sender(options),
      // Lists in a query are joined by commas, and a comma in a name has no meaning.
      querySerializer: { array: { style: "form", explode: true } },
    });
  }

  /** Publishes a message to a topic. Returns its id once it is on the server's disk. */
  publish(topic: string, message: MessageInput, options: PublishOptions = {}): Promise<PublishedMessage> {
    const { idempotencyKey, signal } = options;
    return this.post("/v1/topics/{topic}/messages", {
      params: {
        path: { topic },
        ...(idempotencyKey !== undefined && { header: { "Idempotency-Key": idempotencyKey } }),
      },
      body: message,
      ...(signal !== undefined && { signal }),
    });
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

interface RawAnswer {
  readonly data?: unknown;
  readonly error?: unknown;
  readonly response: Response;
}

/** A body that is not JSON does not come from Ringback. */
function usableError(cause: unknown): unknown {
  if (!(cause instanceof SyntaxError)) return cause;
  return new RingbackConnectionError("the answer is not JSON; is this a Ringback server?", { cause });
}

export function createClient(options: ClientOptions): RingbackClient {
  return new RingbackClient(options);
}

/** True if the error is an answer of the server with one of the codes. */
export function hasCode(error: unknown, ...codes: readonly RingbackApiError["code"][]): error is RingbackApiError {
  return error instanceof RingbackApiError && codes.includes(error.code);
}
