import type { Subscription, SubscriptionHealth } from "../domain/model.ts";
import type { EngineLog } from "../engine/engine-log.ts";
import type { LineKind } from "./limited-log.ts";

type Named = Pick<Subscription, "id" | "accountId" | "topic" | "name">;

type Write = (
  event: LineKind,
  level: "info" | "warn",
  subscription: Named,
  members: () => Readonly<Record<string, unknown>>,
  text: string,
) => void;

type HealthLog = Pick<EngineLog, "failing" | "recovered" | "breakerOpened" | "breakerClosed" | "backlogGrowing">;

/** The lines about endpoints that fail and recover, and about backlogs. */
export function createHealthLog(write: Write): HealthLog {
  return {
    failing(subscription, health) {
      write(
        "subscription.failing",
        "warn",
        subscription,
        () => failureOf(health),
        "the endpoint of a subscription fails",
      );
    },
    recovered(subscription, { failingSinceMs }) {
      const text = "the endpoint of a subscription accepts messages again";
      write("subscription.recovered", "info", subscription, () => ({ failingSince: timeOf(failingSinceMs) }), text);
    },
    breakerOpened(subscription, health) {
      const text = "a breaker opened: messages wait in the log, and only probes are sent";
      write("breaker.opened", "warn", subscription, () => ({ ...failureOf(health), scope: health.scope }), text);
    },
    breakerClosed(subscription, { scope, sinceMs }) {
      const members = () => ({ scope, openSince: timeOf(sinceMs) });
      write("breaker.closed", "info", subscription, members, "a breaker closed");
    },
    backlogGrowing(subscription, { limit, count, oldestAtMs, expiresAtMs }) {
      const members = () => ({ limit, count, oldestAt: timeOf(oldestAtMs), expiresAt: timeOf(expiresAtMs) });
      write("backlog.growing", "warn", subscription, members, "the backlog of a subscription is large");
    },
  };
}

function failureOf({ failingSinceMs, error: { status, code, detail } }: SubscriptionHealth) {
  return { failingSince: timeOf(failingSinceMs), status, errorCode: code, errorDetail: detail };
}

function timeOf(ms: number): string {
  return new Date(ms).toISOString();
}
