import { limits } from "../../domain/limits.ts";
import { reserveStarts, type StartSchedule } from "../../domain/start-schedule.ts";
import type { LogStore } from "../log.ts";
import type { StoreContext } from "./store-context.ts";
import type { SubscriptionEntry } from "./subscription-entry.ts";

/** Keeps the schedules in memory, because no other process sends POSTs. A schedule is forgotten with its entry. */
export function startSchedules({ index, clock }: StoreContext): LogStore["reserveStarts"] {
  const schedules = new WeakMap<SubscriptionEntry, StartSchedule>();
  return async (id, pace, want) => {
    const nowMs = clock.now();
    const entry = index.subscriptions.get(id);
    if (entry === undefined) return { firstAtMs: nowMs + limits.startsAheadMsMax, count: 0 };
    const { schedule, reserved } = reserveStarts(schedules.get(entry) ?? null, pace, want, nowMs);
    schedules.set(entry, schedule);
    return reserved;
  };
}
