/** From a request to its answer, whatever happens on the way: what all receivers have in common. */

import type { ReceiverReply } from "../protocols/protocol.ts";
import { incomingBodyBytesMax } from "../protocols/incoming-limits.ts";
import { ReceiveError, plainReply, refusalReply } from "./receive-error.ts";
import { wholeNumber } from "./whole-number.ts";
import type { ReceivedRequest } from "./receiver.ts";

/** What a receiver was told, or as much as the dialects take. Throws `RangeError`. */
export function checkedBodyBytesMax(bodyBytesMax: number = incomingBodyBytesMax): number {
  return wholeNumber("bodyBytesMax", bodyBytesMax, 0, incomingBodyBytesMax);
}

/** Who is told what went wrong. What they return is waited for, and what they throw changes no answer. */
export interface Observers {
  /** A request was refused: it is of another dialect, cannot be trusted, is too large. Left out: nobody is told. */
  readonly onRefused?: (error: ReceiveError, request: ReceivedRequest) => unknown;
  /** The program's own handler failed. Left out: the error goes to the console. */
  readonly onError?: (error: unknown, request: ReceivedRequest) => unknown;
}

/** Never rejects. `run` refuses by throwing {@link ReceiveError}; any other error is a failure of the program's own. */
export async function answered(
  request: ReceivedRequest,
  observers: Observers,
  run: () => Promise<ReceiverReply>,
): Promise<ReceiverReply> {
  try {
    const reply = await run();
    assertSendable(reply);
    return reply;
  } catch (error) {
    if (error instanceof ReceiveError) {
      await refused(error, request, observers);
      return refusalReply(error);
    }
    await failed(error, request, observers);
    return failureReply();
  }
}

/** What is looked at before the dialect is asked. */
export function assertPost(request: ReceivedRequest, bodyBytesMax: number): void {
  if (request.method !== "POST") throw new ReceiveError("wrong_method");
  if (request.body.length > bodyBytesMax) throw new ReceiveError("body_too_large");
}

export function failureReply(): ReceiverReply {
  return plainReply(500, "not handled");
}

export async function failed(error: unknown, request: ReceivedRequest, observers: Observers): Promise<void> {
  if (observers.onError === undefined) {
    console.error("A callback could not be handled:", error);
    return;
  }
  try {
    await observers.onError(error, request);
  } catch {
    // Whoever is told of failures has failed; there is nobody left to tell.
  }
}

async function refused(error: ReceiveError, request: ReceivedRequest, observers: Observers): Promise<void> {
  try {
    await observers.onRefused?.(error, request);
  } catch (failure) {
    await failed(failure, request, observers);
  }
}

/** RFC 9110 sections 5.1 and 5.5, less the tab; a server would refuse anything else, each in a way of its own. */
const headerName = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;
const headerValue = /^[\u0020-\u007e\u0080-\u00ff]*$/;

function assertSendable(reply: ReceiverReply): void {
  if (!Number.isInteger(reply.status) || reply.status < 200 || reply.status > 599) {
    throw new TypeError("reply: the status is none that a server can answer");
  }
  for (const [name, value] of Object.entries(reply.headers)) {
    if (!headerName.test(name) || !headerValue.test(value)) {
      throw new TypeError("reply: a header holds what a header cannot carry");
    }
  }
}
