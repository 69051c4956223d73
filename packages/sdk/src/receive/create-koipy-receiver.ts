import type { KoiCallbackData } from "../protocols/koipy.ts";
import { koipy } from "../protocols/koipy.ts";
import { answered, checkedBodyBytesMax, refused } from "./answering.ts";
import type { CallReceiverOptions, CallResult } from "./create-hook-receiver.ts";
import { createHookReceiver } from "./create-hook-receiver.ts";
import { ReceiveError } from "./receive-error.ts";
import type { ReceivedRequest, Receiver } from "./receiver.ts";

/**
 * Answers one callback: nothing lets koipy go on, `reject("…")` stops it and shows the user why, `image`, `text`, `file`
 * and `merge` let it go on with something more. A handler that fails stops koipy as well, since koipy takes every status
 * above 400 for a veto; the user is shown no detail.
 */
export type KoipyHandler = (data: KoiCallbackData, request: ReceivedRequest) => CallResult | Promise<CallResult>;

export interface KoipyReceiverOptions extends CallReceiverOptions {
  /** A user has sent a test command. */
  readonly onMessage?: KoipyHandler;
  /** The rules are gathered, and are about to be sent to the backend. */
  readonly onPreSend?: KoipyHandler;
  /** The result has arrived, and is about to be finished. */
  readonly onResult?: KoipyHandler;
  /**
   * Where each callback arrives, for whoever has named them otherwise than koipy does: the last segment or segments of the
   * path, for example `{ onMessage: "bot/check" }` for `http://host/callbacks/bot/check`. A query does not matter.
   */
  readonly paths?: Readonly<Partial<Record<KoipyCallback, string>>>;
}

export type KoipyCallback = "onMessage" | "onPreSend" | "onResult";

const callbacks = ["onMessage", "onPreSend", "onResult"] as const satisfies readonly KoipyCallback[];

interface Route {
  /** Begins with a slash. */
  readonly ending: string;
  readonly receiver: Receiver;
}

/**
 * A receiver of koipy's callbacks, all three at one base address. A callback without a handler is answered with 404, which
 * koipy takes for a veto as well: one that was set up and is not served shows at once. Throws TypeError when there is no
 * handler at all, two callbacks have one path, or a path has no segment.
 */
export function createKoipyReceiver(options: KoipyReceiverOptions): Receiver {
  const routes = routesOf(options);
  return {
    bodyBytesMax: checkedBodyBytesMax(options.bodyBytesMax, koipy.bodyBytesMax),
    refuse: (error, request) => refused(error, request, options),
    handle: (request) => {
      const receiver = routedTo(routes, request);
      return receiver === null
        ? answered(request, options, () => Promise.reject(new ReceiveError("unknown_path")))
        : receiver.handle(request);
    },
  };
}

function routesOf(options: KoipyReceiverOptions): readonly Route[] {
  const routes: Route[] = [];
  for (const callback of callbacks) {
    const handler = options[callback];
    if (handler === undefined) continue;
    const ending = endingOf(options.paths?.[callback] ?? callback);
    if (routes.some((route) => route.ending === ending)) throw new TypeError("paths: two callbacks have the same path");
    const receiver = createHookReceiver({
      ...options,
      protocol: koipy,
      // The dialect has seen to it that it is an object; what koipy puts into it is koipy's matter.
      onCall: ({ payload }, request) => handler(payload as KoiCallbackData, request),
    });
    routes.push({ ending, receiver });
  }
  if (routes.length === 0) throw new TypeError("a koipy receiver needs at least one of onMessage, onPreSend, onResult");
  // The longer one says more where both fit.
  return routes.toSorted((one, other) => other.ending.length - one.ending.length);
}

function endingOf(path: string): string {
  const segments = path.split("/").filter((segment) => segment !== "");
  if (segments.length === 0)
    throw new TypeError("paths: one without a segment, which no request's path would end with");
  return `/${segments.join("/")}`;
}

function routedTo(routes: readonly Route[], request: ReceivedRequest): Receiver | null {
  const [path = ""] = request.path.split("?", 1);
  const asked = path.endsWith("/") ? path.slice(0, -1) : path;
  return routes.find(({ ending }) => asked.endsWith(ending))?.receiver ?? null;
}
