import { cloudEvents } from "../protocols/cloudevents.ts";
import type { MessageReceiverOptions } from "./create-receiver.ts";
import { createReceiver } from "./create-receiver.ts";
import type { Receiver } from "./receiver.ts";

export type CloudEventsReceiverOptions = MessageReceiverOptions;

/**
 * A receiver of CloudEvents over HTTP, from whoever sends them, in structured and in binary mode; batches are refused.
 * Nothing is signed: where it matters who sends, something in front of the receiver has to see to it. Events of others
 * than Ringback have their `source` for a topic, so `deduplicate` goes by source and id, as the specification has it.
 */
export function createCloudEventsReceiver(options: CloudEventsReceiverOptions): Receiver {
  return createReceiver({ ...options, protocol: cloudEvents });
}
