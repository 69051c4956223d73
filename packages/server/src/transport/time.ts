import { performance } from "node:perf_hooks";
import type { SteadyClock, Timers as DomainTimers } from "../domain/ports.ts";

export type { SteadyClock as Clock } from "../domain/ports.ts";
export type { TimeMs } from "../domain/model.ts";

export type Timers = Pick<DomainTimers, "after">;

/**
 * Returns the Unix time of the process's start plus the time since then. A change of the machine's clock does not
 * affect the result. Otherwise such a change could end all POSTs in flight, or keep them from ending.
 */
export const steadyClock: SteadyClock = { now: () => performance.timeOrigin + performance.now() };
