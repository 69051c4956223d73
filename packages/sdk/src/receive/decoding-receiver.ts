import type { Jwk } from "../protocols/key.ts";
import type { ReceiverReply } from "../protocols/protocol.ts";
import { answered, checkedBodyBytesMax, type ReceiverSettings, refused } from "./answering.ts";
import { handshakeReply } from "./handshake.ts";
import { ReceiveError } from "./receive-error.ts";
import { assertTrust, type Decoder, receive, type ReceiveOptions, toleranceMsDefault } from "./receive.ts";
import type { ReceivedRequest, Receiver } from "./receiver.ts";

export interface DecodingReceiverOptions<Decoded> extends ReceiverSettings, Omit<ReceiveOptions<Decoded>, "nowMs"> {
  readonly protocol: Decoder<Decoded> & { readonly bodyBytesMax?: number };
}

/** The functions with which a dialect checks its keys. */
export interface KeyRules {
  readonly keyFault?: ((jwk: Jwk) => string | null) | undefined;
  readonly keysMax?: number | undefined;
}

/**
 * Creates a receiver that checks and decodes each request and replies with `answer`. Throws `TypeError` when a required
 * key is missing or a key is unfit, and `RangeError` for a limit out of range.
 */
export function decodingReceiver<Decoded>(
  options: DecodingReceiverOptions<Decoded>,
  { keyFault, keysMax = Number.POSITIVE_INFINITY }: KeyRules,
  answer: (decoded: Decoded, request: ReceivedRequest) => ReceiverReply | Promise<ReceiverReply>,
): Receiver {
  const { protocol, keys = [], toleranceMs = toleranceMsDefault, clock = Date.now } = options;
  const bodyBytesMax = checkedBodyBytesMax(options.bodyBytesMax, protocol.bodyBytesMax);
  assertTrust(protocol, keys, toleranceMs);
  // An unfit key is reported when the receiver is created, since every request would fail. The error contains no part
  // of a key.
  if (keys.length > keysMax) throw new TypeError(`keys: more than ${keysMax}`);
  for (const { kid, jwk } of keys) {
    const fault = typeof jwk === "object" && jwk !== null ? (keyFault?.(jwk) ?? null) : "not a JSON Web Key";
    if (fault !== null) throw new TypeError(`key "${kid}": ${fault}`);
  }
  return {
    bodyBytesMax,
    refuse: (error, request) => refused(error, request, options),
    handle: (request) =>
      answered(request, options, async () => {
        const handshake = handshakeReply(request);
        if (handshake !== null) return handshake;
        if (request.method !== "POST") throw new ReceiveError("wrong_method");
        if (request.body.length > bodyBytesMax) throw new ReceiveError("body_too_large");
        return await answer(await receive(request, { protocol, keys, nowMs: clock(), toleranceMs }), request);
      }),
  };
}
