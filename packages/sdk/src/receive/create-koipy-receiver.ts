import { type KoiCallbackData, koipy } from "../protocols/koipy.ts";
import { answered, checkedBodyBytesMax, refused } from "./answering.ts";
import { type CallReceiverOptions, type CallResult, createHookReceiver } from "./create-hook-receiver.ts";
import { ReceiveError } from "./receive-error.ts";
import type { ReceivedRequest, Receiver } from "./receiver.ts";

/**
 * Answers one callback. Without a result koipy continues. `reject("…")` stops koipy, which shows the reason to the
 * user. `image`, `text`, `file` and `merge` let koipy continue with an addition. A handler that fails stops koipy as
 * well, because koipy reads every status above 400 as a veto; the user sees no details.
 */
export type KoipyHandler = (data: KoiCallbackData, request: ReceivedRequest) => CallResult | Promise<CallResult>;

export interface KoipyReceiverOptions extends CallReceiverOptions {
  /** Called when a user has sent a test command. */
  readonly onMessage?: KoipyHandler;
  /** Called when the rules are collected, before they are sent to the backend. */
  readonly onPreSend?: KoipyHandler;
  /** Called when koipy has received the result of a test, before its final processing. */
  readonly onResult?: KoipyHandler;
  /**
   * Paths of callbacks that do not have koipy's names. A path here is the last segment or segments of the URL's path,
   * for example `{ onMessage: "bot/check" }` for `http://host/callbacks/bot/check`. Queries are ignored.
   */
  readonly paths?: Readonly<Partial<Record<KoipyCallback, string>>>;
}

const callbacks = ["onMessage", "onPreSend", "onResult"] as const;

export type KoipyCallback = (typeof callbacks)[number];

interface Route {
  /** The end of the callback's path. Begins with a slash. */
  readonly ending: string;
  readonly receiver: Receiver;
}

/**
 * Creates a receiver of koipy's three callbacks below one base address. A callback without a handler is answered with
 * 404, which koipy reads as a veto, so a missing handler is noticed at once. Throws TypeError when there is no handler,
 * when two callbacks have the same path, or when a path has no segment.
 */
export function createKoipyReceiver(options: KoipyReceiverOptions): Receiver {
  const routes = routesOf(options);
  return {
    bodyBytesMax: checkedBodyBytesMax(options.bodyBytesMax, koipy.bodyBytesMax),
    refuse: (error, request) => refused(error, request, options),
    handle: (request) => {
      const receiver = receiverFor(routes, request);
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
      // The dialect has checked that the payload is an object; koipy defines its members.
      onCall: ({ payload }, request) => handler(payload as KoiCallbackData, request),
    });
    routes.push({ ending, receiver });
  }
  if (routes.length === 0) throw new TypeError("a koipy receiver needs at least one of onMessage, onPreSend, onResult");
  // Of two endings that both match a path, the longer one is more specific.
  return routes.toSorted((one, other) => other.ending.length - one.ending.length);
}

function endingOf(path: string): string {
  const segments = path.split("/").filter((segment) => segment !== "");
  if (segments.length === 0) throw new TypeError("paths: a path needs at least one segment");
  return `/${segments.join("/")}`;
}

function receiverFor(routes: readonly Route[], request: ReceivedRequest): Receiver | null {
  const [path = ""] = request.path.split("?", 1);
  const withoutSlash = path.endsWith("/") ? path.slice(0, -1) : path;
  return routes.find(({ ending }) => withoutSlash.endsWith(ending))?.receiver ?? null;
}
