import type { Timers } from "../../domain/ports.ts";
import { engineLimits } from "../engine-limits.ts";
import type { EventBus } from "../event-bus.ts";
import type { LiveEvent } from "../live-events.ts";
import type { EventMessages } from "./event-messages.ts";
import { Gathering } from "./gathering.ts";

type Expired = Extract<LiveEvent, { readonly type: "delivery.expired" }>;

/** Publishes events about messages that have expired. The returned function publishes the last ones, and stops. */
export function reportExpired(events: EventBus, messages: EventMessages, timers: Timers): () => void {
  const gathering = new Gathering<Expired>({
    timers,
    intervalMs: engineLimits.eventIntervalMs,
    report: ({ accountId, at, topic, subscription, count }) =>
      messages.add({ type: "messages.expired", accountId, at, members: { topic, subscription, count } }),
    leftOut: ({ accountId }) => messages.suppress(accountId, 1),
  });
  const end = events.subscribe(
    (event) => {
      if (event.type !== "delivery.expired") return;
      const { accountId, topic, subscription } = event;
      gathering.add(JSON.stringify([accountId, topic, subscription]), event, (before, { at, count }) => {
        return { ...before, at, count: before.count + count };
      });
    },
    ["delivery.expired"],
  );
  return () => {
    end();
    gathering.stop();
  };
}
