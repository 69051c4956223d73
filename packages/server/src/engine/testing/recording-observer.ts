import type { DeadReason } from "../../domain/model.ts";
import type { EngineObserver } from "../observer.ts";

/** Records what the engine reports to the metrics. */
export class RecordingObserver implements EngineObserver {
  publishedCount = 0;
  readonly attempts: { readonly outcome: string; readonly durationS: number }[] = [];
  readonly latenciesS: number[] = [];
  readonly deaths: DeadReason[] = [];
  expiredCount = 0;

  published(messages: number): void {
    this.publishedCount += messages;
  }

  attempted(outcome: "accepted" | "failed" | "error", durationS: number): void {
    this.attempts.push({ outcome, durationS });
  }

  delivered(latencyS: number): void {
    this.latenciesS.push(latencyS);
  }

  dead(reason: DeadReason): void {
    this.deaths.push(reason);
  }

  expired(count: number): void {
    this.expiredCount += count;
  }
}
