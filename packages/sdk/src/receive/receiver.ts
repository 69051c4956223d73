/** The interface between receivers and adapters. Programs can use it to write adapters of their own. */

import type { IncomingRequest, ReceiverReply } from "../protocols/protocol.ts";
import type { ReceiveError } from "./receive-error.ts";

/** A request with its path. */
export interface ReceivedRequest extends IncomingRequest {
  /** Path and query of the request line, for example `/callbacks/onMessage?a=1`. */
  readonly path: string;
}

/** Answers requests. */
export interface Receiver {
  /** The most bytes of a body that an adapter reads. */
  readonly bodyBytesMax: number;
  /**
   * Returns the answer to a request that the adapter could not read (`body_too_large`, `body_incomplete` or
   * `body_already_read`), and reports it to the program. The request has no body. After `body_already_read` the adapter
   * sends its own answer. Never rejects. For a receiver without this method, the adapter answers 413 (too large) or 400
   * (incomplete).
   */
  refuse?(error: ReceiveError, request: ReceivedRequest): Promise<ReceiverReply>;
  /** Returns the answer to a whole request. Never rejects: every failure has an answer. */
  handle(request: ReceivedRequest): Promise<ReceiverReply>;
}
