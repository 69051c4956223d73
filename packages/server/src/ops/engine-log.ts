import type { Logger } from "pino";
import { messageId } from "../domain/message-id.ts";
import type { DeliveryReceiver } from "../engine/delivery-outcome.ts";
import type { EngineLog } from "../engine/engine-log.ts";

const faults = {
  unencodable: "a message cannot be sent in the protocol of its subscription",
  loop_detected: "a message was pushed in a loop and refused",
};

export function createEngineLog(log: Logger): EngineLog {
  return {
    disabled: ({ topic, name }, { messageId: id, attempt }) => {
      const members = { topic, subscription: name, messageId: id, attempt };
      log.warn(members, "a subscription was disabled, because its endpoint replied 410 Gone");
    },
  };
}

/** Logs the messages that no retry can deliver. */
export function createDeliveryLog(log: Logger): DeliveryReceiver {
  return {
    settled({ subscription, message, attempt, settled }) {
      if (settled.kind !== "dead") return;
      if (settled.reason !== "unencodable" && settled.reason !== "loop_detected") return;
      const { topic, topicId, name } = subscription;
      const id = messageId(topicId, message.seq);
      const members = { topic, subscription: name, messageId: id, errorDetail: attempt?.errorDetail ?? null };
      log.warn(members, `${faults[settled.reason]}; it is a dead letter now`);
    },
  };
}
