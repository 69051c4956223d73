import { messageId } from "../domain/message-id.ts";
import type { AccountId, Attempt, Disablement, Subscription } from "../domain/model.ts";
import type { Clock } from "../domain/ports.ts";
import type { DeliveryOutcome, DeliveryReceiver } from "../engine/delivery-outcome.ts";
import type { EngineLog } from "../engine/engine-log.ts";
import { createHealthLog } from "./health-log.ts";
import type { LimitedLog, LineSource } from "./limited-log.ts";

interface DeliveryLogOptions {
  readonly log: LimitedLog;
  readonly clock: Clock;
  readonly accountNameOf: (id: AccountId) => string;
}

const causes = {
  gone: "its endpoint replied 410 Gone",
  failing: "nothing but failure has come from its endpoint for as long as it allows",
} as const satisfies Record<Disablement["reason"], string>;

type Named = Pick<Subscription, "id" | "accountId" | "topic" | "name">;

/**
 * Writes a line for each failed attempt, each dead letter and each change that the engine makes by itself. At the level
 * `debug` each success has a line too.
 */
export function createDeliveryLog({ log, clock, accountNameOf }: DeliveryLogOptions): DeliveryReceiver & EngineLog {
  const sourceOf = ({ id, accountId, topic, name }: Named): LineSource => {
    const account = accountNameOf(accountId);
    return { key: id, account, members: { account, topic, subscription: name } };
  };
  return {
    settled(outcome) {
      const { subscription, attempt, settled } = outcome;
      if (attempt?.verdict === "accepted" && settled.kind === "delivered") {
        if (!log.isWanted("debug")) return;
        log.writeEach("attempt.accepted", sourceOf(subscription), attemptOf(outcome, attempt), "accepted");
        return;
      }
      const source = sourceOf(subscription);
      if (attempt !== null && attempt.verdict !== "accepted") {
        const members = () => ({ ...attemptOf(outcome, attempt), nextAttemptAt: nextAttemptAt(outcome, clock) });
        log.write("warn", "attempt.failed", source, members, "an attempt to deliver a message failed");
      }
      if (settled.kind !== "dead") return;
      const members = () => ({
        ...(attempt === null ? idsOf(outcome) : attemptOf(outcome, attempt)),
        reason: settled.reason,
      });
      log.write("warn", "delivery.dead", source, members, "a message was given up; it is a dead letter now");
    },
    ...createHealthLog((event, level, subscription, members, text) =>
      log.write(level, event, sourceOf(subscription), members, text),
    ),
    disabled(subscription, { reason, messageId: id, attempt }) {
      const text = `a subscription was disabled, because ${causes[reason]}`;
      log.write("warn", "subscription.disabled", sourceOf(subscription), () => ({ messageId: id, attempt }), text);
    },
    expired(subscription, count) {
      const text = "messages were removed before they were delivered, because their retention ended";
      log.write("warn", "delivery.expired", sourceOf(subscription), () => ({ count }), text);
    },
  };
}

function idsOf({ subscription, message }: DeliveryOutcome) {
  return { messageId: messageId(subscription.topicId, message.seq) };
}

function attemptOf(outcome: DeliveryOutcome, { attempt, status, errorCode, errorDetail, durationMs }: Attempt) {
  return { ...idsOf(outcome), attempt, status, errorCode, errorDetail, durationMs };
}

function nextAttemptAt({ settled }: DeliveryOutcome, clock: Clock): string | null {
  return settled.kind === "parked" ? new Date(clock.wall(settled.dueAtMs)).toISOString() : null;
}
