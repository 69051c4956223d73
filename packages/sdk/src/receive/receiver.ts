/** What every receiver is to the adapters, and to a program that wants to write an adapter of its own. */

import type { IncomingRequest, ReceiverReply } from "../protocols/protocol.ts";
import type { ReceiveError } from "./receive-error.ts";

/** A request with the place that it was sent to. */
export interface ReceivedRequest extends IncomingRequest {
  /** Path and query as they stand in the request line, for example `/callbacks/onMessage?a=1`. */
  readonly path: string;
}

/** Takes one whole request and says what to answer. */
export interface Receiver {
  /** An adapter reads no more of a body than this. */
  readonly bodyBytesMax: number;
  /**
   * What an adapter has to refuse itself: `body_too_large`, `body_incomplete`, or `body_already_read`, to which the answer
   * is the adapter's matter. The request has no body. Says what to answer, and tells the program. Never rejects. Left out:
   * 413 and 400, and nobody is told.
   */
  refuse?(error: ReceiveError, request: ReceivedRequest): Promise<ReceiverReply>;
  /** Never rejects: whatever goes wrong has an answer. */
  handle(request: ReceivedRequest): Promise<ReceiverReply>;
}
