import type { ReadableSpan, SpanExporter, SpanProcessor } from "@opentelemetry/sdk-trace";
import { BatchSpanProcessor } from "@opentelemetry/sdk-trace";
import { engineLimits } from "../../engine/engine-limits.ts";

type Done = Parameters<SpanExporter["export"]>[1];

const succeeded: Parameters<Done>[0]["code"] = 0;

export interface SpanCounts {
  readonly exported: number;
  /** Spans that the collector did not take in time, and spans for which the queue had no room. */
  readonly lost: number;
}

/** Exports spans in batches. A collector that is slow or away costs spans and nothing else. */
export class SpanQueue implements SpanProcessor {
  readonly #batches: BatchSpanProcessor;
  readonly #failed: (error: Error | undefined) => void;
  readonly #exporter: SpanExporter;
  #waiting = 0;
  #exported = 0;
  #lost = 0;

  /** `failed`: called when spans were lost, at most once for each batch. */
  constructor(exporter: SpanExporter, failed: (error: Error | undefined) => void) {
    this.#exporter = exporter;
    this.#failed = failed;
    this.#batches = new BatchSpanProcessor({
      exporter: {
        export: (spans, done) => this.#export(spans, done),
        shutdown: () => exporter.shutdown(),
      },
      maxQueueSize: engineLimits.spansQueuedMax,
      maxExportBatchSize: engineLimits.spansPerExportMax,
      scheduledDelayMillis: engineLimits.spanExportDelayMs,
      // The exporter itself ends each export within `spanExportMsMax`.
      exportTimeoutMillis: 2 * engineLimits.spanExportMsMax,
    });
  }

  get counts(): SpanCounts {
    return { exported: this.#exported, lost: this.#lost };
  }

  onStart(): void {}

  onEnd(span: ReadableSpan): void {
    if (this.#waiting >= engineLimits.spansQueuedMax) {
      this.#lost++;
      return;
    }
    this.#waiting++;
    this.#batches.onEnd(span);
  }

  forceFlush(): Promise<void> {
    return this.#batches.forceFlush();
  }

  shutdown(): Promise<void> {
    return this.#batches.shutdown();
  }

  #export(spans: ReadableSpan[], done: Done): void {
    this.#exporter.export(spans, (result) => {
      this.#waiting -= spans.length;
      if (result.code === succeeded) this.#exported += spans.length;
      else {
        this.#lost += spans.length;
        this.#failed(result.error);
      }
      done(result);
    });
  }
}
