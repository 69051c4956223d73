/**
 * Tracing with OpenTelemetry. Only servers with `otlpEndpoint` load this file, because the packages cost time and
 * memory at each start.
 */

import { OTLPTraceExporter } from "@opentelemetry/exporter-trace-otlp-http";
import { defaultResource, detectResources, envDetector, resourceFromAttributes } from "@opentelemetry/resources";
import { ParentBasedSampler, TraceIdRatioBasedSampler, TracerProvider } from "@opentelemetry/sdk-trace";
import type { Logger } from "pino";
import type { AccountId } from "../../domain/model.ts";
import type { Clock, Timers } from "../../domain/ports.ts";
import type { DeliveryReceiver } from "../../engine/delivery-outcome.ts";
import { engineLimits } from "../../engine/engine-limits.ts";
import type { PublishTracer } from "../../engine/tracing.ts";
import { createDeliverySpans } from "./delivery-spans.ts";
import { createPublishTracer } from "./publish-spans.ts";
import { SpanIds } from "./span-ids.ts";
import { type SpanCounts, SpanQueue } from "./span-queue.ts";

export interface TracingOptions {
  /** The collector's URL, to which `/v1/traces` is added. */
  readonly endpoint: string;
  readonly headers: Readonly<Record<string, string>>;
  /** The part of the traces begun here that is recorded, from 0 to 1. */
  readonly sampleRatio: number;
  /** Distinguishes the nodes of a cluster. */
  readonly instance: string;
  readonly version: string;
  readonly log: Logger;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly accountNameOf: (id: AccountId) => string;
}

export interface Tracing {
  readonly publishTracer: PublishTracer;
  readonly deliveries: DeliveryReceiver;
  readonly counts: () => SpanCounts;
  /** Exports what waits, for at most `engineLimits.spanFlushMsMax`. */
  stop(): Promise<void>;
}

export function startTracing(options: TracingOptions): Tracing {
  const { endpoint, headers, log, clock, timers, accountNameOf, instance, version } = options;
  const exporter = new OTLPTraceExporter({
    url: tracesUrl(endpoint),
    headers: { ...headers },
    timeoutMillis: engineLimits.spanExportMsMax,
  });
  let nextLineAtMs = clock.now();
  const queue = new SpanQueue(exporter, (error) => {
    const nowMs = clock.now();
    if (nowMs < nextLineAtMs) return;
    nextLineAtMs = nowMs + engineLimits.spanLossLogMs;
    const { lost } = queue.counts;
    const members = { event: "spans.lost", endpoint, lost, error: error?.message ?? null };
    log.warn(members, "spans were lost, because the collector did not take them");
  });
  const ids = new SpanIds();
  const own = { "service.name": "ringback", "service.version": version, "service.instance.id": instance };
  const provider = new TracerProvider({
    sampler: new ParentBasedSampler({ root: new TraceIdRatioBasedSampler(options.sampleRatio) }),
    // The variables OTEL_SERVICE_NAME and OTEL_RESOURCE_ATTRIBUTES come last, so they replace the others.
    resource: defaultResource()
      .merge(resourceFromAttributes(own))
      .merge(detectResources({ detectors: [envDetector] })),
    idGenerator: ids,
    spanProcessors: [queue],
    spanLimits: { attributeValueLengthLimit: engineLimits.spanTextCharsMax },
  });
  const tracer = provider.getTracer("ringback", version);
  return {
    publishTracer: createPublishTracer(tracer, accountNameOf),
    deliveries: createDeliverySpans({ tracer, ids, accountNameOf }),
    counts: () => queue.counts,
    async stop() {
      const { promise: late, resolve } = Promise.withResolvers<void>();
      const cancel = timers.after(engineLimits.spanFlushMsMax, resolve);
      await Promise.race([provider.shutdown().catch(() => {}), late]).finally(cancel);
    },
  };
}

/** A URL may already have the path, as in the variable OTEL_EXPORTER_OTLP_TRACES_ENDPOINT. */
function tracesUrl(endpoint: string): string {
  const base = endpoint.replace(/\/+$/, "");
  return base.endsWith("/v1/traces") ? base : `${base}/v1/traces`;
}
