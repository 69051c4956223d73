import { performance } from "node:perf_hooks";
import type { Clock, Timers as DomainTimers } from "../domain/ports.ts";

export type { Clock } from "../domain/ports.ts";
export type { TimeMs } from "../domain/model.ts";

export type Timers = Pick<DomainTimers, "after">;

/**
 * The Unix time of the process's start plus the time since then. Setting the machine's clock does not change it, so
 * that it neither ends all POSTs in flight nor keeps them from ending.
 */
export const steadyClock: Clock = { now: () => performance.timeOrigin + performance.now() };
