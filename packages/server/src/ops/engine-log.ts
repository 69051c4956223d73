import type { Logger } from "pino";
import { messageId } from "../domain/message-id.ts";
import type { EngineLog } from "../engine/engine-log.ts";

const faults = {
  unencodable: "a message cannot be sent in the protocol of its subscription",
  loop_detected: "a message was pushed in a loop and refused",
};

export function createEngineLog(log: Logger): EngineLog {
  return {
    undeliverable: ({ topic, name }, message, reason, { errorDetail }) => {
      const id = messageId(message.topicId, message.seq);
      log.warn({ topic, subscription: name, messageId: id, errorDetail }, `${faults[reason]}; it is a dead letter now`);
    },
    disabled: ({ topic, name }, { messageId: id, attempt }) => {
      const members = { topic, subscription: name, messageId: id, attempt };
      log.warn(members, "a subscription was disabled, because its endpoint replied 410 Gone");
    },
  };
}
