import type { DeadReason, Topic } from "../../domain/model.ts";
import { type DeliveryOutcome, firstDeliveryMs } from "../delivery-outcome.ts";
import type { EngineObserver } from "../observer.ts";

/** Records what the engine reports to the metrics and the log. */
export class RecordingObserver implements EngineObserver {
  publishedCount = 0;
  readonly outcomes: DeliveryOutcome[] = [];
  expiredCount = 0;
  filteredCount = 0;

  get attempts(): { readonly outcome: string; readonly durationS: number }[] {
    return this.outcomes.flatMap(({ attempt, durationMs }) =>
      attempt === null ? [] : [{ outcome: attempt.verdict, durationS: durationMs / 1000 }],
    );
  }

  get latenciesS(): number[] {
    return this.outcomes.flatMap((outcome) => {
      const latencyMs = firstDeliveryMs(outcome);
      return latencyMs === null ? [] : [latencyMs / 1000];
    });
  }

  get deaths(): DeadReason[] {
    return this.outcomes.flatMap(({ settled }) => (settled.kind === "dead" ? [settled.reason] : []));
  }

  /** The details of the attempts that made dead letters. */
  get deathDetails(): (string | null)[] {
    return this.outcomes.flatMap(({ settled, attempt }) =>
      settled.kind === "dead" ? [attempt?.errorDetail ?? null] : [],
    );
  }

  published(_topic: Topic, messages: number): void {
    this.publishedCount += messages;
  }

  settled(outcome: DeliveryOutcome): void {
    this.outcomes.push(outcome);
  }

  filtered(count: number): void {
    this.filteredCount += count;
  }

  expired(count: number): void {
    this.expiredCount += count;
  }
}
