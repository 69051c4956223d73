/** Returns replies that every server can send. A receiver of the program's own may throw or return an invalid reply. */

import type { ReceiverReply } from "../../protocols/protocol.ts";
import { failureReply } from "../answering.ts";
import { ReceiveError, refusalReply } from "../receive-error.ts";
import type { ReceivedRequest, Receiver } from "../receiver.ts";
import { sendableReply } from "../sendable-reply.ts";

const noBody = new Uint8Array(0);

/** A request without its body. */
export type RequestHead = Omit<ReceivedRequest, "body">;

/**
 * Reads the body and returns the reply to the request. When the body cannot be read, returns the reply to the error.
 * Never rejects.
 */
export async function replyTo(
  receiver: Receiver,
  head: RequestHead,
  readBody: () => Uint8Array | Promise<Uint8Array>,
): Promise<ReceiverReply> {
  let body: Uint8Array;
  try {
    body = await readBody();
  } catch (error) {
    return error instanceof ReceiveError ? await refusal(receiver, error, head) : failureReply();
  }
  try {
    return sendableReply(await receiver.handle({ ...head, body }));
  } catch {
    return failureReply();
  }
}

/** Returns the reply to a request that the adapter refuses itself. Never rejects. */
export async function refusal(receiver: Receiver, error: ReceiveError, head: RequestHead): Promise<ReceiverReply> {
  try {
    if (receiver.refuse === undefined) return refusalReply(error);
    return sendableReply(await receiver.refuse(error, { ...head, body: noBody }));
  } catch {
    return failureReply();
  }
}
