import { createTraceState, type Context, ROOT_CONTEXT, type SpanContext, trace } from "@opentelemetry/api";
import type { TraceContext } from "../../domain/trace-context.ts";

/** The context of spans whose parent is the span of `traceparent`, or another span of that trace. */
export function childrenOf({ traceparent, tracestate }: TraceContext, parentId = traceparent.slice(36, 52)): Context {
  const parent: SpanContext = {
    traceId: traceparent.slice(3, 35),
    spanId: parentId,
    traceFlags: Number.parseInt(traceparent.slice(53), 16),
    isRemote: true,
  };
  const withState = tracestate === null ? parent : { ...parent, traceState: createTraceState(tracestate) };
  return trace.setSpanContext(ROOT_CONTEXT, withState);
}

/** The trace context of what a span causes. `tracestate` stays as it came, because Ringback notes nothing in it. */
export function causedBy({ traceId, spanId, traceFlags }: SpanContext, tracestate: string | null): TraceContext {
  return { traceparent: `00-${traceId}-${spanId}-${traceFlags.toString(16).padStart(2, "0")}`, tracestate };
}
