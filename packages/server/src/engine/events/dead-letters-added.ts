import type { DeadReason } from "../../domain/model.ts";
import type { Timers } from "../../domain/ports.ts";
import { engineLimits } from "../engine-limits.ts";
import type { EventBus } from "../event-bus.ts";
import type { LiveEvent } from "../live-events.ts";
import type { EventMessages } from "./event-messages.ts";
import { Gathering } from "./gathering.ts";

interface Died extends Extract<LiveEvent, { readonly type: "delivery.dead" }> {
  readonly reasons: Readonly<Partial<Record<DeadReason, number>>>;
  readonly count: number;
}

/** Publishes events about dead letters. The returned function publishes the last ones, and stops. */
export function reportDeadLetters(events: EventBus, messages: EventMessages, timers: Timers): () => void {
  const gathering = new Gathering<Died>({
    timers,
    intervalMs: engineLimits.eventIntervalMs,
    report: ({ accountId, at, topic, subscription, count, reasons, messageId }) =>
      messages.add({
        type: "dead_letters.added",
        accountId,
        at,
        members: { topic, subscription, count, reasons, messageId },
      }),
    leftOut: ({ accountId }) => messages.suppress(accountId, 1),
  });
  const end = events.subscribe(
    (event) => {
      if (event.type !== "delivery.dead") return;
      const { accountId, topic, subscription, reason } = event;
      const died = { ...event, count: 1, reasons: { [reason]: 1 } };
      gathering.add(JSON.stringify([accountId, topic, subscription]), died, merge);
    },
    ["delivery.dead"],
  );
  return () => {
    end();
    gathering.stop();
  };
}

function merge(before: Died, { reason, at }: Died): Died {
  const reasons = { ...before.reasons, [reason]: (before.reasons[reason] ?? 0) + 1 };
  return { ...before, at, reasons, count: before.count + 1 };
}
