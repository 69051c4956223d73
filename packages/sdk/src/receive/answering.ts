/** From a request to its answer, whatever happens on the way: what all receivers have in common. */

import type { ReceiverReply } from "../protocols/protocol.ts";
import { incomingBodyBytesDefault, incomingBodyBytesMax } from "../protocols/incoming-limits.ts";
import { ReceiveError, plainReply, refusalReply } from "./receive-error.ts";
import { wholeNumber } from "./whole-number.ts";
import type { ReceivedRequest } from "./receiver.ts";
import { sendableReply } from "./sendable-reply.ts";

/** What a receiver was told, or as much as its dialect needs. Throws `RangeError`. */
export function checkedBodyBytesMax(told: number | undefined, needed: number = incomingBodyBytesDefault): number {
  return wholeNumber("bodyBytesMax", told ?? needed, 0, incomingBodyBytesMax);
}

/** Who is told what went wrong. What they return is waited for, and what they throw changes no answer. */
export interface Observers {
  /**
   * A request was refused: it is of another dialect, cannot be trusted, is too large, broke off. The last two, and one
   * whose bytes something else has read, come without a body. Left out: nobody is told.
   */
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
    return sendableReply(await run());
  } catch (error) {
    if (error instanceof ReceiveError) return await refused(error, request, observers);
    await failed(error, request, observers);
    return failureReply();
  }
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

/** Tells whoever wants to know, and answers. Never rejects. */
export async function refused(
  error: ReceiveError,
  request: ReceivedRequest,
  observers: Observers,
  reply: ReceiverReply = refusalReply(error),
): Promise<ReceiverReply> {
  try {
    await observers.onRefused?.(error, request);
  } catch (failure) {
    await failed(failure, request, observers);
  }
  return reply;
}
