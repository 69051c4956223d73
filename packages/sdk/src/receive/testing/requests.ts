/** Requests in the form in which adapters pass them to receivers. */

import type { EncodedRequest } from "../../protocols/protocol.ts";
import { arrived, received } from "../../protocols/testing/wire.ts";
import type { ReceivedRequest } from "../receiver.ts";

/** A request as the documentations print it. */
export function printedRequest(text: string, path = "/callbacks"): ReceivedRequest {
  return { ...received(text), path };
}

/** A request that a sender's half encoded. */
export function encodedRequest(request: EncodedRequest, path = "/callbacks"): ReceivedRequest {
  return { ...arrived(request), path };
}

export function postOf(text: string, path: string): ReceivedRequest {
  return { method: "POST", path, headers: {}, body: new TextEncoder().encode(text) };
}
