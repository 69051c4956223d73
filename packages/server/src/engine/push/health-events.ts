import type { Subscription, SubscriptionHealth } from "../../domain/model.ts";
import type { Clock } from "../../domain/ports.ts";
import type { EngineLog } from "../engine-log.ts";
import type { EventBus } from "../event-bus.ts";

export interface AnnounceContext {
  readonly events: EventBus;
  readonly log: EngineLog;
  readonly clock: Clock;
}

/** Emits the events of a change of health, and writes the log. Called by the process that has stored the change. */
export function announceHealth(
  { events, log, clock }: AnnounceContext,
  { subscription }: { readonly subscription: Subscription },
  before: SubscriptionHealth | null,
  after: SubscriptionHealth | null,
): void {
  const { accountId, topic, name } = subscription;
  const common = { accountId, at: clock.wall(), topic, subscription: name };
  const wasOpen = before?.state === "open";
  const isOpen = after?.state === "open";
  if (before === null && after !== null) {
    log.failing(subscription, after);
    if (events.wants("subscription.failing"))
      events.emit({ type: "subscription.failing", ...common, ...causeOf(after) });
  }
  if (isOpen && !wasOpen) {
    log.breakerOpened(subscription, after);
    if (events.wants("breaker.opened"))
      events.emit({ type: "breaker.opened", ...common, ...causeOf(after), scope: after.scope });
  }
  if (wasOpen && !isOpen) {
    log.breakerClosed(subscription, before);
    if (events.wants("breaker.closed")) {
      events.emit({ type: "breaker.closed", ...common, openedAt: before.sinceMs, scope: before.scope });
    }
  }
  if (before !== null && after === null) {
    log.recovered(subscription, before);
    if (events.wants("subscription.recovered")) {
      events.emit({ type: "subscription.recovered", ...common, failingSince: before.failingSinceMs });
    }
  }
}

function causeOf({ failingSinceMs, error: { status, code, detail } }: SubscriptionHealth) {
  return { failingSince: failingSinceMs, status, errorCode: code, errorDetail: detail };
}
