import { readJson } from "../protocols/hook-json.ts";
import { isJsonObject } from "../protocols/json-object.ts";
import type { ProtocolKey } from "../protocols/key.ts";
import { openCall, type OpencardReply, type OpenedCall, sealReply } from "../protocols/opencard.ts";
import { readToken, tokenBytesMax } from "../protocols/opencard-token.ts";
import { type ReceiverReply, UntrustedError } from "../protocols/protocol.ts";
import { failed, type Observers, refused } from "../receive/answering.ts";
import { ReceiveError } from "../receive/receive-error.ts";
import type { ReceivedRequest, Receiver } from "../receive/receiver.ts";
import { CardAnswer, type CardData } from "./card-answer.ts";
import { type CardRequest, cardRequestOf } from "./card-request.ts";
import { type OpencardKeys, protocolKeysOf } from "./opencard-keys.ts";

/**
 * Answers one card. A handler that returns a plain object answers with status 0 and this object as the data. `found`,
 * `noResult` and `badParameters` create other answers. When the handler throws, the answer has status 3 and no error
 * text.
 */
export type CardHandler = (request: CardRequest) => CardData | CardAnswer | Promise<CardData | CardAnswer>;

/**
 * Options of the receiver. `onRefused` is called with the check that failed; the sender never learns which check it
 * was. `onError` is called when a handler or `keys` fails.
 */
export interface OpencardReceiverOptions extends Observers {
  /**
   * Fixed keys are checked when the receiver is created. A function is called for every request, so that keys can
   * change.
   */
  readonly keys: OpencardKeys | (() => OpencardKeys | Promise<OpencardKeys>);
  /** Handlers by `srcid`. */
  readonly cards: Readonly<Record<string, CardHandler>>;
  /**
   * Time limit of a handler in milliseconds. A handler that exceeds it fails, and its `signal` is aborted. Baidu
   * documents no limit. Default: none.
   */
  readonly handlerTimeoutMs?: number;
}

/** The longest delay of a timer. */
const handlerTimeoutMsMax = 2 ** 31 - 1;

const notFoundReply: ReceiverReply = Object.freeze({ status: 404, headers: Object.freeze({}), body: "" });
/** The answer to every refused request. The answer is always the same, so it does not reveal which check failed. */
const refusedReply: ReceiverReply = Object.freeze({ status: 400, headers: Object.freeze({}), body: "" });
const keysFailedReply: ReceiverReply = Object.freeze({ status: 500, headers: Object.freeze({}), body: "" });

const invalidRequest: OpencardReply = Object.freeze({ status: 2, msg: "Invalid request" });
/** The answer to an unknown `srcid`, with the text in Baidu's documentation. */
const invalidSrcid: OpencardReply = Object.freeze({ status: 2, msg: "Invalid srcid" });
const internalError: OpencardReply = Object.freeze({ status: 3, msg: "Internal error" });

/**
 * Creates a receiver of Opencard calls. The receiver decrypts each call and calls the handler of the card. The answer
 * is encrypted with the key and the header of the call.
 *
 * The answer has status 200 and a token for a holder of a key, 400 without a body for everybody else, 404 without a
 * body for a method other than POST, and 500 without a body when `keys` fails. Throws a TypeError for invalid options.
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
    // A body that the adapter could not read gets the same answer as any other invalid token.
    refuse: async (error, request) =>
      request.method === "POST" ? await refused(error, request, options, refusedReply) : notFoundReply,
    handle,
  };

  async function handle(request: ReceivedRequest): Promise<ReceiverReply> {
    if (request.method !== "POST") return notFoundReply;
    try {
      const call = await openCall(readToken(request.body), await keys());
      return await answer(call, request);
    } catch (error) {
      if (error instanceof UntrustedError) {
        const refusal = new ReceiveError("untrusted", { reason: error.reason, cause: error });
        return await refused(refusal, request, options, refusedReply);
      }
      await failed(error, request, options);
      return keysFailedReply;
    }
  }

  async function answer(call: OpenedCall, request: ReceivedRequest): Promise<ReceiverReply> {
    try {
      return await sealReply(await replyTo(call), call);
    } catch (error) {
      await failed(error, request, options);
      return sealReply(internalError, call);
    }
  }

  async function replyTo(call: OpenedCall): Promise<OpencardReply> {
    const read = readJson(call.plaintext, JSON);
    if ("fault" in read || !isJsonObject(read.value)) return invalidRequest;
    const payload = read.value;
    const { srcid } = payload;
    if (typeof srcid !== "string") return invalidSrcid;
    const handler = cards.get(srcid);
    if (handler === undefined) return invalidSrcid;
    const abort = new AbortController();
    const { signal } = abort;
    const request = cardRequestOf(payload, { srcid, kid: call.key.kid, rid: call.requestId, signal });
    if (typeof request === "string") return { status: 2, msg: `Invalid ${request}` };
    return replyOf(await withTimeout(handlerTimeoutMs, abort, async () => handler(request)));
  }
}

function keySource(keys: OpencardReceiverOptions["keys"]): () => Promise<readonly ProtocolKey[]> {
  if (typeof keys === "function") return async () => protocolKeysOf(await keys());
  const fixed = protocolKeysOf(keys);
  if (fixed.length === 0) throw new TypeError("keys: at least one is required");
  return async () => fixed;
}

function assertTimeout(timeoutMs: number | undefined): void {
  if (timeoutMs === undefined) return;
  if (!Number.isSafeInteger(timeoutMs) || timeoutMs < 1 || timeoutMs > handlerTimeoutMsMax) {
    throw new TypeError(`handlerTimeoutMs: not a whole number from 1 to ${handlerTimeoutMsMax}`);
  }
}

function replyOf(result: unknown): OpencardReply {
  if (result instanceof CardAnswer) return result.reply;
  if (isJsonObject(result)) return { status: 0, msg: "", data: result };
  throw new TypeError("the card's handler did not return an object");
}

/** Rejects when the time limit has passed, even if the work has not ended. */
async function withTimeout<T>(
  timeoutMs: number | undefined,
  abort: AbortController,
  work: () => Promise<T>,
): Promise<T> {
  if (timeoutMs === undefined) return work();
  const error = new Error(`the card's handler took longer than ${timeoutMs} ms`);
  const timer = setTimeout(() => abort.abort(error), timeoutMs);
  const late = new Promise<never>((_, reject) => abort.signal.addEventListener("abort", () => reject(error)));
  try {
    return await Promise.race([work(), late]);
  } finally {
    clearTimeout(timer);
  }
}
