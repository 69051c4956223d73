import { RingbackConnectionError } from "./api-error.ts";

/** As the global `fetch`, called with a URL. */
export type Fetch = (url: string, init: RequestInit) => Promise<Response>;

export interface SenderOptions {
  readonly token?: string | (() => string | Promise<string>);
  readonly account?: string;
  readonly fetch?: Fetch;
  readonly headers?: Readonly<Record<string, string>>;
}

/** Returns a function that adds the headers of each request and sends it. */
export function sender({ token, account, fetch: send, headers = {} }: SenderOptions) {
  return async (request: Request): Promise<Response> => {
    const all = new Headers(request.headers);
    for (const [name, value] of Object.entries(headers)) if (!all.has(name)) all.set(name, value);
    const key = typeof token === "function" ? await token() : token;
    if (key !== undefined && !all.has("authorization")) all.set("authorization", `Bearer ${key}`);
    if (account !== undefined && !all.has("ringback-account")) all.set("ringback-account", account);
    const { method, signal } = request;
    const body = request.body === null ? null : await request.arrayBuffer();
    const init: RequestInit = { method, headers: all, signal, redirect: "manual", body };
    try {
      // The global `fetch` is looked up for each request, so that a test can replace it.
      return await (send ?? globalThis.fetch)(request.url, init);
    } catch (cause) {
      if (signal.aborted) throw cause;
      throw new RingbackConnectionError(`cannot reach ${new URL(request.url).origin}: ${reasonOf(cause)}`, { cause });
    }
  };
}

/** The reason of an error of `fetch` is in its cause. */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.cause instanceof Error && error.cause.message !== "" ? error.cause.message : error.message;
}
