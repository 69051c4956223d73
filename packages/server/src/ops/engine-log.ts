import type { Logger } from "pino";
import { messageId } from "../domain/message-id.ts";
import type { EngineLog } from "../engine/engine-log.ts";

export function createEngineLog(log: Logger): EngineLog {
  return {
    unencodable: ({ topic, name }, message, attempt) => {
      const id = messageId(message.topicId, message.seq);
      const members = { topic, subscription: name, messageId: id, errorDetail: attempt?.errorDetail ?? null };
      log.warn(members, "a message cannot be sent in the protocol of its subscription; it is a dead letter now");
    },
    disabled: ({ topic, name }, { messageId: id, attempt }) => {
      const members = { topic, subscription: name, messageId: id, attempt };
      log.warn(members, "a subscription was disabled, because its endpoint replied 410 Gone");
    },
  };
}
