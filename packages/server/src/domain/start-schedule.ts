import { limits } from "./limits.ts";
import type { TimeMs } from "./model.ts";

/** How often POSTs may start: one per `intervalMs`, and after silence `burst` of them at once. */
export interface StartPace {
  readonly intervalMs: number;
  readonly burst: number;
}

/**
 * The state of a pace, as the generic cell rate algorithm (GCRA, ITU-T I.371) keeps it: a token bucket in one number.
 * `restedAtMs`: when the silence will have been long enough for a whole burst. Times and intervals may be fractions of
 * a millisecond, so that no rate is rounded.
 */
export interface StartSchedule extends StartPace {
  readonly restedAtMs: TimeMs;
}

export interface StartWant {
  /** The most starts to reserve; at least 1. */
  readonly count: number;
  /** The time that the reserved starts may fill, besides those that are possible at once. One start always fits. */
  readonly spanMs: number;
}

/**
 * The reserved starts: number `n`, from 0, is at `firstAtMs` + `n` × `intervalMs`. Times in the past mean at once, and
 * are possible after silence. `count` 0: nothing was reserved, and the next start is at `firstAtMs`.
 */
export interface ReservedStarts {
  readonly firstAtMs: TimeMs;
  readonly count: number;
}

/**
 * Reserves the next starts. Nothing is reserved further ahead than `limits.startsAheadMsMax`, so that few starts
 * are lost when a node that has reserved them does not use them.
 */
export function reserveStarts(
  before: StartSchedule | null,
  pace: StartPace,
  { count, spanMs }: StartWant,
  nowMs: TimeMs,
): { readonly schedule: StartSchedule; readonly reserved: ReservedStarts } {
  const { intervalMs, burst } = pace;
  const restedAtMs = Math.max(nowMs, before === null ? nowMs : restedAtWith(pace, before, nowMs));
  const firstAtMs = restedAtMs - (burst - 1) * intervalMs;
  const fromMs = Math.max(firstAtMs, nowMs);
  const fitting = Math.max(1, Math.ceil((fromMs + spanMs - firstAtMs) / intervalMs));
  const reserved = fromMs > nowMs + limits.startsAheadMsMax ? 0 : Math.min(count, fitting);
  return {
    schedule: { intervalMs, burst, restedAtMs: restedAtMs + reserved * intervalMs },
    reserved: { firstAtMs, count: reserved },
  };
}

/** When the pace changes, the starts that are possible at once stay possible, up to the new burst. */
function restedAtWith(pace: StartPace, before: StartSchedule, nowMs: TimeMs): TimeMs {
  if (before.intervalMs === pace.intervalMs && before.burst === pace.burst) return before.restedAtMs;
  const used = Math.max(0, (before.restedAtMs - nowMs) / before.intervalMs);
  const possible = Math.min(Math.max(0, before.burst - used), pace.burst);
  return nowMs + (pace.burst - possible) * pace.intervalMs;
}
