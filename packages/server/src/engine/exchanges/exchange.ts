import { limits } from "../../domain/limits.ts";
import type { PostTimings } from "../../transport/port.ts";
import type { ExchangeContent } from "../../store/exchanges.ts";
import { pairsOf, type Recording, type SentRequest } from "../push/recording.ts";

type Header = SentRequest["headers"][number];

/** The request and the reply of an attempt. */
export interface Exchange {
  readonly request: SentRequest & { readonly bodyBytes: number };
  readonly reply: {
    readonly status: number;
    readonly headers: readonly Header[];
    readonly body: Uint8Array;
    readonly isCut: boolean;
  } | null;
  /** null over WebSocket, TCP and to queues. */
  readonly timings: PostTimings | null;
}

/** Everything but the bodies, which the store keeps as bytes. */
interface Head {
  readonly request: Omit<Exchange["request"], "body">;
  readonly reply: Omit<NonNullable<Exchange["reply"]>, "body"> | null;
  readonly timings: PostTimings | null;
}

/** Returns null if nothing was sent. */
export function contentOfRecording(recording: Recording): ExchangeContent | null {
  const [sent, result] = [recording.request(), recording.result];
  if (sent === null || result === null) return null;
  const { body, ...request } = sent;
  const { status, headers, replyLines, isCut = false, timings = null } = result;
  const lines = replyLines === undefined || replyLines.length === 0 ? Object.entries(headers) : pairsOf(replyLines);
  const head: Head = {
    request: { ...request, bodyBytes: body.byteLength },
    reply: status === 0 ? null : { status, headers: lines, isCut: isCut || result.body.byteLength > bytesMax },
    timings,
  };
  return { head, requestBody: kept(body), replyBody: status === 0 ? null : kept(result.body) };
}

export function exchangeOf({ head, requestBody, replyBody }: ExchangeContent): Exchange {
  const { request, reply, timings } = head as Head;
  return {
    request: { ...request, body: requestBody },
    reply: reply && { ...reply, body: replyBody ?? new Uint8Array() },
    timings,
  };
}

const bytesMax = limits.exchangeBodyBytesMax;

/** A copy, because the bytes may be a part of a buffer that is larger or used again. */
function kept(bytes: Uint8Array): Uint8Array {
  return Uint8Array.from(bytes.subarray(0, bytesMax));
}
