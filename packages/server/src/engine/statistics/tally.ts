import type { DeliveryOutcome } from "../delivery-outcome.ts";
import type { AttemptVerdict } from "../../domain/model.ts";
import { classOf, type DurationCounts, DurationHistogram } from "./duration-histogram.ts";

/** The counts of one owner in one step, as the store holds them. Zeros are left out. */
export interface TallyCounts {
  readonly published?: number;
  readonly accepted?: number;
  readonly failed?: number;
  readonly errors?: number;
  readonly dead?: number;
  /** From the publishing to the acceptance. */
  readonly latency?: DurationCounts;
  /** Of POSTs. */
  readonly duration?: DurationCounts;
  /** The backlog of the account at the end of the step. */
  readonly backlog?: number;
  readonly deadLetters?: number;
}

/** The part of an outcome that is counted, for each of its owners alike. */
export interface CountedOutcome {
  /** null: the delivery ended without an attempt. */
  readonly verdict: AttemptVerdict | null;
  readonly isDead: boolean;
  readonly latencyClass: number | null;
  readonly durationClass: number | null;
}

export function countedOutcome({ attempt, message, durationMs, settled, push, atMs }: DeliveryOutcome): CountedOutcome {
  const verdict = attempt?.verdict ?? null;
  // The copy of a replay is no sign of how long messages take.
  const isTimed = verdict === "accepted" && message.publishedAtMs !== null && push?.delivery.isApart !== true;
  return {
    verdict,
    isDead: settled.kind === "dead",
    latencyClass: isTimed ? classOf(Math.max(0, atMs - (message.publishedAtMs ?? atMs))) : null,
    durationClass: attempt === null ? null : classOf(durationMs),
  };
}

/** Counts the events of one owner in one step. */
export class Tally {
  published = 0;
  accepted = 0;
  failed = 0;
  errors = 0;
  dead = 0;
  /** null: not measured in this step. */
  backlog: number | null = null;
  deadLetters: number | null = null;
  readonly latency = new DurationHistogram();
  readonly duration = new DurationHistogram();

  get events(): number {
    return this.published + this.accepted + this.failed + this.errors + this.dead;
  }

  settled({ verdict, isDead, latencyClass, durationClass }: CountedOutcome): void {
    if (isDead) this.dead++;
    if (verdict === "failed") this.failed++;
    else if (verdict === "error") this.errors++;
    else if (verdict === "accepted") this.accepted++;
    if (durationClass !== null) this.duration.add(durationClass);
    if (latencyClass !== null) this.latency.add(latencyClass);
  }

  add(counts: TallyCounts): void {
    this.published += counts.published ?? 0;
    this.accepted += counts.accepted ?? 0;
    this.failed += counts.failed ?? 0;
    this.errors += counts.errors ?? 0;
    this.dead += counts.dead ?? 0;
    this.latency.addAll(counts.latency ?? {});
    this.duration.addAll(counts.duration ?? {});
    // Every node of a cluster measures the same backlog.
    this.backlog = larger(this.backlog, counts.backlog);
    this.deadLetters = larger(this.deadLetters, counts.deadLetters);
  }

  measured({ backlog, deadLetters }: { readonly backlog: number; readonly deadLetters: number }): void {
    this.backlog = backlog;
    this.deadLetters = deadLetters;
  }

  counts(): TallyCounts {
    const { published, accepted, failed, errors, dead, backlog, deadLetters } = this;
    const numbers = Object.entries({ published, accepted, failed, errors, dead }).filter(([, count]) => count > 0);
    return {
      ...Object.fromEntries(numbers),
      ...notEmpty("latency", this.latency),
      ...notEmpty("duration", this.duration),
      ...(backlog !== null && { backlog }),
      ...(deadLetters !== null && { deadLetters }),
    };
  }
}

function notEmpty(name: "latency" | "duration", histogram: DurationHistogram): TallyCounts {
  const counts = histogram.counts();
  return Object.keys(counts).length === 0 ? {} : { [name]: counts };
}

function larger(one: number | null, other: number | undefined): number | null {
  if (other === undefined) return one;
  return one === null ? other : Math.max(one, other);
}
