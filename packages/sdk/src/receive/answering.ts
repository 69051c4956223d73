/** Functions that all receivers use to answer a request. */

import type { ReceiverReply } from "../protocols/protocol.ts";
import { incomingBodyBytesDefault, incomingBodyBytesMax } from "../protocols/incoming-limits.ts";
import { ReceiveError, plainReply, refusalReply } from "./receive-error.ts";
import { wholeNumber } from "./whole-number.ts";
import type { ReceivedRequest } from "./receiver.ts";
import { sendableReply } from "./sendable-reply.ts";

/** Returns the setting, or the dialect's default. Throws `RangeError` for a setting out of range. */
export function checkedBodyBytesMax(setting: number | undefined, needed: number = incomingBodyBytesDefault): number {
  return wholeNumber("bodyBytesMax", setting ?? needed, 0, incomingBodyBytesMax);
}

/**
 * Callbacks that report failures to the program. Receivers wait for the promises that the callbacks return. The answer
 * does not change when a callback throws.
 */
export interface Observers {
  /**
   * Called for a refused request: one of another dialect, untrusted, too large or incomplete. The request has no body
   * here if it is too large or incomplete, or if other code has read its bytes. Default: refusals are not reported,
   * except that a body which other code has read is reported to the console.
   */
  readonly onRefused?: (error: ReceiveError, request: ReceivedRequest) => unknown;
  /** Called when the program's own handler fails. Default: the error is written to the console. */
  readonly onError?: (error: unknown, request: ReceivedRequest) => unknown;
}

/** Options of all receivers. */
export interface ReceiverSettings extends Observers {
  /**
   * A larger body is answered with 413. At most 8 MiB. The default depends on the dialect: 6 MiB where a message of 1
   * MiB is sent as text in JSON or XML, 8 MiB for koipy and `json`, 2 MiB for most others.
   */
  readonly bodyBytesMax?: number;
  /** Returns Unix time in milliseconds. Default: the system's clock. */
  readonly clock?: () => number;
}

/**
 * Returns the answer to the request. `run` refuses a request by throwing {@link ReceiveError}; any other error is a
 * failure of the program. Never rejects.
 */
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
    // An error in `onError` itself cannot be reported anywhere.
  }
}

/** Reports the refusal to the program and returns the answer. Never rejects. */
export async function refused(
  error: ReceiveError,
  request: ReceivedRequest,
  observers: Observers,
  reply: ReceiverReply = refusalReply(error),
): Promise<ReceiverReply> {
  try {
    if (observers.onRefused !== undefined) await observers.onRefused(error, request);
    // The program is set up wrongly, and some servers have no other place that says so.
    else if (error.code === "body_already_read") console.error("A callback could not be read:", error.message);
  } catch (failure) {
    await failed(failure, request, observers);
  }
  return reply;
}
