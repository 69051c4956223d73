import { readObject } from "../protocols/hook-json.ts";
import type { JsonObject } from "../protocols/json-object.ts";
import { isJsonObject } from "../protocols/json-object.ts";
import type { ProtocolKey } from "../protocols/key.ts";
import type { OpenedCall, OpencardReply } from "../protocols/opencard.ts";
import { openCall, sealReply } from "../protocols/opencard.ts";
import { readToken, tokenBytesMax } from "../protocols/opencard-token.ts";
import type { ReceiverReply } from "../protocols/protocol.ts";
import { UndecodableError, UntrustedError } from "../protocols/protocol.ts";
import type { Observers } from "../receive/answering.ts";
import { failed, refused as told } from "../receive/answering.ts";
import { ReceiveError } from "../receive/receive-error.ts";
import type { ReceivedRequest, Receiver } from "../receive/receiver.ts";
import type { CardData } from "./card-answer.ts";
import { CardAnswer } from "./card-answer.ts";
import type { CardRequest } from "./card-request.ts";
import { cardRequestOf } from "./card-request.ts";
import type { OpencardKeys } from "./opencard-keys.ts";
import { protocolKeysOf } from "./opencard-keys.ts";

/**
 * Answers one card. An object is the data of status 0; `found`, `noResult` and `badParameters` say the rest. Whatever it
 * throws becomes status 3, and nothing of it is told to the caller.
 */
export type CardHandler = (request: CardRequest) => CardData | CardAnswer | Promise<CardData | CardAnswer>;

/**
 * `onRefused` is told which check a request failed, which its sender is not; `onError` is told of failures in a handler and
 * in `keys`.
 */
export interface OpencardReceiverOptions extends Observers {
  /** Fixed keys are checked at once; a function is asked for every call, so that keys can change while it runs. */
  readonly keys: OpencardKeys | (() => OpencardKeys | Promise<OpencardKeys>);
  /** Handlers by `srcid`. */
  readonly cards: Readonly<Record<string, CardHandler>>;
  /** A handler that takes longer fails, and its `signal` is aborted. The document names no time; left out: none. */
  readonly handlerTimeoutMs?: number;
}

/** What a timer can wait. */
const handlerTimeoutMsMax = 2 ** 31 - 1;

const notFound: ReceiverReply = Object.freeze({ status: 404, headers: Object.freeze({}), body: "" });
/** One answer for every refusal, so that it does not say which check failed. */
const refused: ReceiverReply = Object.freeze({ status: 400, headers: Object.freeze({}), body: "" });
const withoutKeys: ReceiverReply = Object.freeze({ status: 500, headers: Object.freeze({}), body: "" });

const invalidRequest: OpencardReply = Object.freeze({ status: 2, msg: "Invalid request" });
/** The document's own words. */
const invalidSrcid: OpencardReply = Object.freeze({ status: 2, msg: "Invalid srcid" });
const internalError: OpencardReply = Object.freeze({ status: 3, msg: "Internal error" });

/**
 * Receives Opencard's calls: decrypts, hands each to the card that it asks for, answers under the call's own header.
 *
 * Answers 200 with a token to whoever holds a key, 400 with nothing to everybody else, 404 to any method but POST, and 500
 * with nothing when `keys` fails. Throws a TypeError for options that cannot work.
 */
export function createOpencardReceiver(options: OpencardReceiverOptions): Receiver {
  const cards = new Map(Object.entries(options.cards));
  const keys = keySource(options.keys);
  const { handlerTimeoutMs } = options;
  for (const [srcid, handler] of cards) {
    if (typeof handler !== "function") throw new TypeError(`cards: ${JSON.stringify(srcid)}: not a function`);
  }
  assertTimeout(handlerTimeoutMs);

  return {
    bodyBytesMax: tokenBytesMax,
    // What an adapter does not read is refused like every other token.
    refuse: async (error, request) =>
      request.method === "POST" ? await told(error, request, options, refused) : notFound,
    handle,
  };

  async function handle(request: ReceivedRequest): Promise<ReceiverReply> {
    if (request.method !== "POST") return notFound;
    try {
      const call = await openCall(readToken(request.body), await keys());
      return await answer(call, request);
    } catch (error) {
      if (error instanceof UntrustedError) {
        const refusal = new ReceiveError("untrusted", { reason: error.reason, cause: error });
        return await told(refusal, request, options, refused);
      }
      await failed(error, request, options);
      return withoutKeys;
    }
  }

  async function answer(call: OpenedCall, request: ReceivedRequest): Promise<ReceiverReply> {
    const under = { key: call.key, requestId: call.header.rid };
    try {
      return await sealReply(await replyTo(call), under);
    } catch (error) {
      await failed(error, request, options);
      return sealReply(internalError, under);
    }
  }

  async function replyTo(call: OpenedCall): Promise<OpencardReply> {
    const payload = payloadOf(call);
    if (payload === null) return invalidRequest;
    const { srcid } = payload;
    if (typeof srcid !== "string") return invalidSrcid;
    const handler = cards.get(srcid);
    if (handler === undefined) return invalidSrcid;
    const abort = new AbortController();
    const request = cardRequestOf(payload, { srcid, ...call.header, signal: abort.signal });
    if (typeof request === "string") return { status: 2, msg: `Invalid ${request}` };
    return replyOf(await within(handlerTimeoutMs, abort, async () => handler(request)));
  }
}

function keySource(keys: OpencardReceiverOptions["keys"]): () => Promise<readonly ProtocolKey[]> {
  if (typeof keys === "function") return async () => protocolKeysOf(await keys());
  const fixed = protocolKeysOf(keys);
  if (fixed.length === 0) throw new TypeError("keys: there must be at least one");
  return async () => fixed;
}

function assertTimeout(timeoutMs: number | undefined): void {
  if (timeoutMs === undefined) return;
  if (!Number.isSafeInteger(timeoutMs) || timeoutMs < 1 || timeoutMs > handlerTimeoutMsMax) {
    throw new TypeError(`handlerTimeoutMs: not a whole number from 1 to ${handlerTimeoutMsMax}`);
  }
}

function payloadOf(call: OpenedCall): JsonObject | null {
  try {
    return readObject(call.plaintext, JSON);
  } catch (error) {
    if (error instanceof UndecodableError) return null;
    throw error;
  }
}

function replyOf(result: unknown): OpencardReply {
  if (result instanceof CardAnswer) return result.reply;
  if (isJsonObject(result)) return { status: 0, msg: "", data: result };
  throw new TypeError("the card's handler returned no object");
}

/** Rejects once the time is over, whatever the work does then. */
async function within<T>(timeoutMs: number | undefined, abort: AbortController, work: () => Promise<T>): Promise<T> {
  if (timeoutMs === undefined) return work();
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      const error = new Error(`the card's handler took longer than ${timeoutMs} ms`);
      abort.abort(error);
      reject(error);
    }, timeoutMs);
  });
  try {
    return await Promise.race([work(), late]);
  } finally {
    clearTimeout(timer);
  }
}
