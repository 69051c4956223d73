import type { Logger } from "pino";
import { messageId } from "../domain/message-id.ts";
import type { Disablement, Subscription, SubscriptionHealth } from "../domain/model.ts";
import type { EngineLog } from "../engine/engine-log.ts";

const faults = {
  unencodable: "a message cannot be sent in the protocol of its subscription",
  loop_detected: "a message was pushed in a loop and refused",
};

const causes = {
  gone: "its endpoint replied 410 Gone",
  failing: "nothing but failure has come from its endpoint for as long as it allows",
} as const satisfies Record<Disablement["reason"], string>;

function failureOf(
  { topic, name }: Pick<Subscription, "topic" | "name">,
  { failingSinceMs, error: { status, code, detail } }: SubscriptionHealth,
) {
  const failingSince = isoTime(failingSinceMs);
  return { topic, subscription: name, failingSince, status, errorCode: code, errorDetail: detail };
}

function isoTime(ms: number): string {
  return new Date(ms).toISOString();
}

export function createEngineLog(log: Logger): EngineLog {
  return {
    undeliverable: ({ topic, name }, message, reason, { errorDetail }) => {
      const id = messageId(message.topicId, message.seq);
      log.warn({ topic, subscription: name, messageId: id, errorDetail }, `${faults[reason]}; it is a dead letter now`);
    },
    failing: (subscription, health) => {
      log.warn(failureOf(subscription, health), "the endpoint of a subscription fails");
    },
    recovered: ({ topic, name }, { failingSinceMs }) => {
      const members = { topic, subscription: name, failingSince: isoTime(failingSinceMs) };
      log.info(members, "the endpoint of a subscription accepts messages again");
    },
    breakerOpened: (subscription, health) => {
      const members = { ...failureOf(subscription, health), scope: health.scope };
      log.warn(members, "a breaker opened: messages wait in the log, and only probes are sent");
    },
    breakerClosed: ({ topic, name }, { scope, sinceMs }) => {
      log.info({ topic, subscription: name, scope, openSince: isoTime(sinceMs) }, "a breaker closed");
    },
    backlogGrowing: ({ topic, name }, { limit, count, oldestAtMs, expiresAtMs }) => {
      const times = { oldestAt: isoTime(oldestAtMs), expiresAt: isoTime(expiresAtMs) };
      log.warn({ topic, subscription: name, limit, count, ...times }, "the backlog of a subscription is large");
    },
    disabled: ({ topic, name }, { reason, messageId: id, attempt }) => {
      const members = { topic, subscription: name, messageId: id, attempt };
      log.warn(members, `a subscription was disabled, because ${causes[reason]}`);
    },
  };
}
