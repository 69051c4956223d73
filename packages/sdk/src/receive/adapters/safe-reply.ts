/**
 * Returns replies that every server can send, even when a receiver that a program wrote throws or returns an invalid
 * reply.
 */

import type { ReceiverReply } from "../../protocols/protocol.ts";
import { failureReply } from "../answering.ts";
import { ReceiveError, refusalReply } from "../receive-error.ts";
import type { ReceivedRequest, Receiver } from "../receiver.ts";
import { sendableReply } from "../sendable-reply.ts";

const noBody = new Uint8Array(0);

/**
 * Reads the body and returns the reply to the request, or the reply to the error that reading ended with. Never
 * rejects.
 */
export async function replyTo(
  receiver: Receiver,
  readBody: () => Promise<Uint8Array>,
  requestWith: (body: Uint8Array) => ReceivedRequest,
): Promise<ReceiverReply> {
  let body: Uint8Array;
  try {
    body = await readBody();
  } catch (error) {
    return error instanceof ReceiveError ? await refusal(receiver, error, requestWith(noBody)) : failureReply();
  }
  return await replyOf(receiver, requestWith(body));
}

/** Never rejects. */
export async function replyOf(receiver: Receiver, request: ReceivedRequest): Promise<ReceiverReply> {
  try {
    return sendableReply(await receiver.handle(request));
  } catch {
    return failureReply();
  }
}

/** Returns the reply to a request that the adapter refuses itself; `request` has no body. Never rejects. */
export async function refusal(
  receiver: Receiver,
  error: ReceiveError,
  request: ReceivedRequest,
): Promise<ReceiverReply> {
  try {
    return receiver.refuse === undefined ? refusalReply(error) : sendableReply(await receiver.refuse(error, request));
  } catch {
    return failureReply();
  }
}
