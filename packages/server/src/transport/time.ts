import { performance } from "node:perf_hooks";
import type { Clock, Timers as DomainTimers } from "../domain/ports.ts";

export type { Clock } from "../domain/ports.ts";
export type { TimeMs } from "../domain/model.ts";

/** The transport needs no more than this. */
export type Timers = Pick<DomainTimers, "after">;

/**
 * Unix time as of the start of the process, growing evenly since. An operator who sets the machine's clock must not end
 * every POST in flight, nor keep one from ending.
 */
export const steadyClock: Clock = { now: () => performance.timeOrigin + performance.now() };
