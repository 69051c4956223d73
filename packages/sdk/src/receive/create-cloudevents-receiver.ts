import { cloudEvents } from "../protocols/cloudevents.ts";
import { createReceiver, type MessageReceiverOptions } from "./create-receiver.ts";
import type { Receiver } from "./receiver.ts";

export type CloudEventsReceiverOptions = MessageReceiverOptions;

/**
 * Creates a receiver of CloudEvents over HTTP from any sender, in structured and in binary mode; batches are refused.
 * CloudEvents are not signed, so the receiver does not authenticate the sender. The topic of an event that Ringback did
 * not send is its `source`, so `deduplicate` compares source and id, as the specification requires.
 */
export function createCloudEventsReceiver(options: CloudEventsReceiverOptions): Receiver {
  return createReceiver({ ...options, protocol: cloudEvents });
}
