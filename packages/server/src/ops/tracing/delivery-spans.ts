import { type Attributes, type Context, SpanKind, SpanStatusCode, type Tracer } from "@opentelemetry/api";
import { messageId } from "../../domain/message-id.ts";
import type { AccountId, Attempt } from "../../domain/model.ts";
import { isSampled, type TraceContext } from "../../domain/trace-context.ts";
import type { DeliveryOutcome, DeliveryReceiver } from "../../engine/delivery-outcome.ts";
import { attemptSpanId } from "../../engine/tracing.ts";
import { childrenOf } from "./span-context.ts";
import { deliverySpanId, type SpanIds } from "./span-ids.ts";

interface DeliverySpanOptions {
  readonly tracer: Tracer;
  readonly ids: SpanIds;
  readonly accountNameOf: (id: AccountId) => string;
}

type PushOutcome = DeliveryOutcome & Required<Pick<DeliveryOutcome, "push">> & { readonly attempt: Attempt };

/**
 * Makes the span of each attempt when the attempt has ended, and the span of the delivery after its last attempt. So
 * nothing is kept in between, which may be days, and the last attempt may be made by another process.
 */
export function createDeliverySpans(options: DeliverySpanOptions): DeliveryReceiver {
  return {
    settled(outcome) {
      const { push, attempt } = outcome;
      const trace = push?.delivery.message.trace ?? null;
      if (push === undefined || attempt === null || trace === null || !isSampled(trace)) return;
      makeSpans(options, { ...outcome, push, attempt }, trace);
    },
  };
}

function makeSpans({ tracer, ids, accountNameOf }: DeliverySpanOptions, outcome: PushOutcome, trace: TraceContext) {
  const { subscription, push, settled, attempt } = outcome;
  const { message, retriesMade } = push.delivery;
  const attributes: Attributes = {
    "messaging.system": "ringback",
    "messaging.destination.name": subscription.topic,
    "messaging.destination.subscription.name": subscription.name,
    "messaging.message.id": messageId(message.topicId, message.seq),
    "ringback.account": accountNameOf(subscription.accountId),
  };
  const isSettled = settled.kind === "delivered" || settled.kind === "dead";
  const isOnlyAttempt = isSettled && retriesMade === 0;
  // A delivery that needs one attempt has a random id, so that it can be repeated after a rewind of the subscription.
  const deliveryId = isOnlyAttempt ? ids.generateSpanId() : deliverySpanId(subscription.id, push.delivery);
  ids.use(attemptSpanId(push.requestId), () =>
    makeAttemptSpan(tracer, outcome, attributes, childrenOf(trace, deliveryId)),
  );
  if (!isSettled) return;
  const span = ids.use(deliveryId, () => {
    const own = {
      ...attributes,
      "messaging.operation.name": "deliver",
      "messaging.message.body.size": message.body.byteLength,
      "ringback.outcome": settled.kind,
      "ringback.attempts": attempt.attempt,
    };
    const startTime = message.publishedAtMs;
    return tracer.startSpan(`deliver ${subscription.topic}`, { attributes: own, startTime }, childrenOf(trace));
  });
  if (settled.kind === "dead") {
    span.setAttribute("error.type", settled.reason).setStatus({ code: SpanStatusCode.ERROR, message: settled.reason });
  }
  span.end(outcome.atMs);
}

function makeAttemptSpan(tracer: Tracer, outcome: PushOutcome, common: Attributes, context: Context): void {
  const { push, attempt, durationMs } = outcome;
  const { status, errorCode, errorDetail, verdict, startedAtMs } = attempt;
  const attributes: Attributes = {
    ...common,
    ...endpointAttributes(push.origin),
    "messaging.operation.name": "push",
    "messaging.operation.type": "send",
    "ringback.attempt": attempt.attempt,
    "ringback.verdict": verdict,
  };
  if (status !== null) attributes["http.response.status_code"] = status;
  if (attempt.attempt > 1) attributes["http.request.resend_count"] = attempt.attempt - 1;
  const options = { kind: SpanKind.CLIENT, attributes, startTime: startedAtMs };
  const span = tracer.startSpan("http.request.method" in attributes ? "POST" : "push", options, context);
  if (verdict !== "accepted") {
    const code = errorCode ?? verdict;
    span.setAttribute("error.type", code === "http_status" && status !== null ? String(status) : code);
    span.setStatus({ code: SpanStatusCode.ERROR, message: errorDetail ?? code });
  }
  span.end(startedAtMs + durationMs);
}

/** The path and the query are left out, because the URLs of many receivers contain a secret. */
function endpointAttributes(origin: string): Attributes {
  const { protocol, hostname, port } = new URL(origin);
  const scheme = protocol.slice(0, -1);
  if (hostname === "") return {};
  const http: Attributes = /^https?$/.test(scheme) ? { "http.request.method": "POST" } : {};
  const usual = scheme.endsWith("s") ? 443 : 80;
  return {
    ...http,
    "url.scheme": scheme,
    "server.address": hostname,
    "server.port": port === "" ? usual : Number(port),
  };
}
