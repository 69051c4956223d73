import { limits } from "../domain/limits.ts";
import type { Seq, TimeMs } from "../domain/model.ts";
import type { ReplayCount, ReplayRow } from "./replays.ts";

/** A message or a dead letter that a step of a replay examines. */
export interface ReplayCandidate {
  /** The position of the replay when the candidate is done. */
  readonly at: number;
  readonly seq: Seq;
  readonly matches: boolean;
  /** Whether the target still has to deliver the message anyway. Read only if the candidate matches. */
  readonly isPending: boolean;
}

export interface ExaminedPart<C extends ReplayCandidate> {
  readonly candidates: readonly C[];
  /** The position when all candidates are done. */
  readonly end: number;
}

/** The candidates that one read examines: at most `max`, after `position`, up to and including `through`. */
export interface ExaminedRange extends Pick<ReplayRow, "position" | "through"> {
  readonly max: number;
}

/** The result of counting one part of a replay's range. */
export interface CountedPart {
  readonly matched: number;
  readonly examined: number;
  readonly end: number;
}

export function countedPart({ candidates, end }: ExaminedPart<ReplayCandidate>): CountedPart {
  return { matched: candidates.filter(({ matches }) => matches).length, examined: candidates.length, end };
}

/** Counts what a replay would send. Each call of `countPart` examines at most `partMax` candidates. */
export async function countInParts(
  { position: start, through }: Pick<ReplayRow, "position" | "through">,
  partMax: number,
  countPart: (range: ExaminedRange) => Promise<CountedPart>,
): Promise<ReplayCount> {
  let position = start;
  let matched = 0;
  let left: number = limits.replayCountedMax;
  while (position < through) {
    // The ids of the dead letters of one subscription have gaps, so the rest can be smaller.
    if (left <= 0) return { matched: matched + through - position, isExact: false };
    const part = await countPart({ position, through, max: Math.min(partMax, left) });
    matched += part.matched;
    left -= part.examined;
    position = part.end;
  }
  return { matched, isExact: true };
}

/** The work of one step of a replay. */
export interface ChosenCopies<C extends ReplayCandidate> {
  readonly copies: readonly { readonly candidate: C; readonly dueAtMs: TimeMs }[];
  /** Matching candidates that are not parked, because their messages will be delivered anyway. */
  readonly skipped: readonly C[];
  readonly examined: number;
  readonly position: number;
  /** The earliest time of the next copy. */
  readonly nextAt: number;
}

type Rate = Pick<ReplayRow, "per_second" | "next_at">;

/**
 * Chooses the next copies of a replay, and when each is due. `waiting`: how many of its copies are parked.
 * `max`: the most copies to choose. Time that has passed unused is lost, so that no step makes up for a pause with more
 * copies.
 */
export function chooseCopies<C extends ReplayCandidate>(
  { per_second: perSecond, next_at }: Rate,
  { candidates, end }: ExaminedPart<C>,
  nowMs: TimeMs,
  { waiting, max }: { readonly waiting: number; readonly max: number },
): ChosenCopies<C> {
  const { replayAheadMs, replayDueStepMs, replayWaitingMax } = limits;
  const copiesMax = Math.min(max, replayWaitingMax - waiting);
  const copies: { candidate: C; dueAtMs: TimeMs }[] = [];
  const skipped: C[] = [];
  let nextAt = Math.max(next_at, nowMs);
  for (const [index, candidate] of candidates.entries()) {
    if (!candidate.matches) continue;
    if (candidate.isPending) {
      skipped.push(candidate);
      continue;
    }
    if (copies.length >= copiesMax || nextAt > nowMs + replayAheadMs) {
      return { copies, skipped, examined: index, position: candidates[index - 1]?.at ?? -1, nextAt };
    }
    const dueAtMs = perSecond === null ? nowMs : Math.ceil(nextAt / replayDueStepMs) * replayDueStepMs;
    copies.push({ candidate, dueAtMs });
    if (perSecond !== null) nextAt += 1_000 / perSecond;
  }
  return { copies, skipped, examined: candidates.length, position: end, nextAt };
}
