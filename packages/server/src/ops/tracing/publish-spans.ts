import { type Attributes, ROOT_CONTEXT, type Span, SpanKind, SpanStatusCode, type Tracer } from "@opentelemetry/api";
import { RingbackError } from "../../domain/errors.ts";
import type { AccountId, MessageId, NewMessage, Topic } from "../../domain/model.ts";
import { isSampled } from "../../domain/trace-context.ts";
import type { PublishSpans, PublishTracer } from "../../engine/tracing.ts";
import { causedBy, childrenOf } from "./span-context.ts";

/** The messages of a publish that belong to one trace. */
interface TracedGroup {
  readonly span: Span;
  /** Positions of the messages in the publish. */
  readonly indexes: number[];
}

/** One span for each trace that the messages of a publish belong to, which is nearly always one. */
export function createPublishTracer(tracer: Tracer, accountNameOf: (id: AccountId) => string): PublishTracer {
  const startSpan = ({ accountId, name }: Topic, { trace }: NewMessage): Span => {
    const attributes: Attributes = {
      "messaging.system": "ringback",
      "messaging.operation.name": "publish",
      "messaging.operation.type": "send",
      "messaging.destination.name": name,
      "ringback.account": accountNameOf(accountId),
    };
    const options = { kind: SpanKind.PRODUCER, attributes };
    return tracer.startSpan(`publish ${name}`, options, trace ? childrenOf(trace) : ROOT_CONTEXT);
  };
  return {
    start(topic, messages) {
      const groups = new Map<string, TracedGroup>();
      const traced = messages.map((message, index): NewMessage => {
        const { trace = null } = message;
        // The publisher has decided not to record this trace.
        if (trace !== null && !isSampled(trace)) return message;
        const key = trace?.traceparent ?? "";
        let group = groups.get(key);
        if (group === undefined) groups.set(key, (group = { span: startSpan(topic, message), indexes: [] }));
        if (!group.span.isRecording()) return message;
        group.indexes.push(index);
        return { ...message, trace: causedBy(group.span.spanContext(), trace?.tracestate ?? null) };
      });
      return publishSpans([...groups.values()], traced);
    },
  };
}

function publishSpans(groups: readonly TracedGroup[], messages: readonly NewMessage[]): PublishSpans {
  return {
    messages,
    published(ids) {
      for (const { span, indexes } of groups) span.setAttributes(messageAttributes(indexes, messages, ids)).end();
    },
    failed(error) {
      const type = error instanceof RingbackError ? error.code : "internal";
      const message = error instanceof Error ? error.message : type;
      for (const { span } of groups) {
        span.setAttribute("error.type", type).setStatus({ code: SpanStatusCode.ERROR, message }).end();
      }
    },
  };
}

function messageAttributes(
  indexes: readonly number[],
  messages: readonly NewMessage[],
  ids: readonly MessageId[],
): Attributes {
  const [index = 0] = indexes;
  if (indexes.length > 1) return { "messaging.batch.message_count": indexes.length };
  return { "messaging.message.id": ids[index], "messaging.message.body.size": messages[index]?.body.byteLength };
}
