/** What a receiver answers, in a form that a server can send: one of this package's does, one of a program's own may not. */

import type { ReceiverReply } from "../../protocols/protocol.ts";
import { failureReply } from "../answering.ts";
import type { ReceiveError } from "../receive-error.ts";
import { refusalReply } from "../receive-error.ts";
import type { ReceivedRequest, Receiver } from "../receiver.ts";
import { sendableReply } from "../sendable-reply.ts";

/** Never rejects. */
export async function handled(receiver: Receiver, request: ReceivedRequest): Promise<ReceiverReply> {
  try {
    return sendableReply(await receiver.handle(request));
  } catch {
    return failureReply();
  }
}

/** The answer to what the adapter itself refuses; `request` has no body. Never rejects. */
export async function refusedBy(
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
