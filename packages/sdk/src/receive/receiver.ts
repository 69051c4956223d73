/** What every receiver is to the adapters, and to a program that wants to write an adapter of its own. */

import type { IncomingRequest, ReceiverReply } from "../protocols/protocol.ts";

/** A request with the place that it was sent to. */
export interface ReceivedRequest extends IncomingRequest {
  /** Path and query as they stand in the request line, for example `/callbacks/onMessage?a=1`. */
  readonly path: string;
}

/** Takes one whole request and says what to answer. */
export interface Receiver {
  /** An adapter reads no more of a body than this and answers 413 past it. */
  readonly bodyBytesMax: number;
  /** Never rejects: whatever goes wrong has an answer. */
  handle(request: ReceivedRequest): Promise<ReceiverReply>;
}
