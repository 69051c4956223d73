/** Rows of messages, attempts and dead letters, which both SQL drivers store in the same form. */

import type {
  Attempt,
  AttemptVerdict,
  Message,
  NewMessage,
  Seq,
  SubscriptionId,
  TimeMs,
  TopicId,
} from "../domain/model.ts";
import type { ReceivedRequest } from "../domain/received-request.ts";
import type { TraceContext } from "../domain/trace-context.ts";
import type { ClaimedDelivery } from "./log.ts";
import type { ListedMessage } from "./message-search.ts";
import type { DeadLetter, MessageOrigin } from "./records.ts";

/** A verdict is stored as its index in this array, so new verdicts are added at the end. */
export const verdictCodes: readonly AttemptVerdict[] = ["accepted", "failed", "error"];

/** The columns of a message in the row of a message or of a dead letter. The type of `tags` depends on the database. */
export interface MessageRow<Tags> extends Pick<Message, "seq" | "type" | "body"> {
  readonly published_at: TimeMs;
  readonly deliver_at: TimeMs | null;
  readonly content_type: string | null;
  readonly tags: Tags | null;
  readonly ordering_key: string | null;
  readonly attributes: string | null;
  readonly request: string | null;
}

const noTags: readonly string[] = [];
const noAttributes: Readonly<Record<string, string>> = {};

export function toMessage(topicId: TopicId, row: MessageRow<unknown>, tags: readonly string[] | null): Message {
  return { ...messageMembers(topicId, row, tags), ...readRequest(row.request), body: row.body };
}

/** A message in a list, of which the body is not read. */
export interface ListedMessageRow<Tags> extends Omit<MessageRow<Tags>, "request" | "body"> {
  readonly bodyBytes: number;
}

export function toListedMessage(
  topicId: TopicId,
  row: ListedMessageRow<unknown>,
  tags: readonly string[] | null,
): Omit<ListedMessage, "state"> {
  return { ...messageMembers(topicId, row, tags), bodyBytes: row.bodyBytes };
}

function messageMembers(
  topicId: TopicId,
  row: Omit<MessageRow<unknown>, "request" | "body">,
  tags: readonly string[] | null,
): Omit<Message, "request" | "hops" | "trace" | "body"> {
  return {
    topicId,
    seq: row.seq,
    publishedAtMs: row.published_at,
    deliverAtMs: row.deliver_at,
    contentType: row.content_type,
    tags: tags ?? noTags,
    type: row.type,
    orderingKey: row.ordering_key,
    attributes: row.attributes === null ? noAttributes : (JSON.parse(row.attributes) as Record<string, string>),
  };
}

/** The column `attributes` of a message. */
export function attributesText({ attributes }: Pick<Message, "attributes">): string | null {
  return Object.keys(attributes).length === 0 ? null : JSON.stringify(attributes);
}

/** SQL for `topicNumber`. Both drivers have an index on this expression. */
export const topicNumberSql = (topicId: string): string => `(${topicId} & 8388607)`;

/**
 * The column `request` of a message: the members of `request`, `hops` unless it is 0, and the trace context. JSON omits
 * members that are undefined.
 */
export function requestText({
  request = null,
  hops = 0,
  trace = null,
}: Pick<NewMessage, "request" | "hops" | "trace">): string | null {
  if (request === null && hops === 0 && trace === null) return null;
  const { traceparent, tracestate } = trace ?? {};
  return JSON.stringify({ ...request, hops: hops || undefined, traceparent, tracestate: tracestate ?? undefined });
}

type RequestColumn = Partial<ReceivedRequest & TraceContext> & { readonly hops?: number };

const noRequest = { request: null, hops: 0, trace: null };

function readRequest(text: string | null): Pick<Message, "request" | "hops" | "trace"> {
  if (text === null) return noRequest;
  const { hops = 0, traceparent, tracestate = null, ...request } = JSON.parse(text) as RequestColumn;
  return {
    request: "headers" in request ? (request as ReceivedRequest) : null,
    hops,
    trace: traceparent === undefined ? null : { traceparent, tracestate },
  };
}

export type OriginRow = Pick<MessageRow<unknown>, "published_at" | "request">;

export function toOrigin({ published_at: publishedAtMs, request }: OriginRow): MessageOrigin {
  return { publishedAtMs, hops: readRequest(request).hops };
}

export interface AttemptRow extends Pick<Attempt, "attempt" | "status" | "reply"> {
  readonly id: number;
  readonly topic_id: TopicId;
  readonly seq: Seq;
  readonly subscription_id: SubscriptionId;
  readonly started_at: TimeMs;
  readonly duration_ms: number;
  readonly verdict: number;
  readonly error_code: string | null;
  readonly error_detail: string | null;
}

export function toAttempt(row: AttemptRow): Attempt {
  const { attempt, status, error_code: errorCode, error_detail: errorDetail, reply } = row;
  const { started_at: startedAtMs, duration_ms: durationMs } = row;
  const verdict = verdictCodes[row.verdict] as AttemptVerdict;
  return { attempt, startedAtMs, durationMs, verdict, status, errorCode, errorDetail, reply };
}

/** Groups the attempts of one message by subscription, in the order of the rows. */
export function attemptsBySubscription(rows: readonly AttemptRow[]): Map<SubscriptionId, Attempt[]> {
  const attempts = new Map<SubscriptionId, Attempt[]>();
  for (const row of rows) {
    const list = attempts.get(row.subscription_id);
    if (list === undefined) attempts.set(row.subscription_id, [toAttempt(row)]);
    else list.push(toAttempt(row));
  }
  return attempts;
}

export interface DeadLetterRow<Tags> extends MessageRow<Tags>, Pick<DeadLetter, "reason"> {
  readonly id: number;
  readonly topic_id: TopicId;
  readonly attempts: number;
  readonly died_at: TimeMs;
  readonly last_status: number | null;
  readonly last_error_code: string | null;
  readonly last_error_detail: string | null;
  readonly last_reply: Uint8Array | null;
}

export function toDeadLetter(row: DeadLetterRow<unknown>, message: Message): DeadLetter {
  return {
    id: String(row.id),
    message,
    reason: row.reason,
    attemptsMade: row.attempts,
    diedAtMs: row.died_at,
    lastStatus: row.last_status,
    lastErrorCode: row.last_error_code,
    lastErrorDetail: row.last_error_detail,
    lastReply: row.last_reply,
  };
}

/** The member `isApart` of a claimed delivery, which most deliveries do not have. */
export function apartMember(isApart: boolean): Pick<ClaimedDelivery, "isApart"> {
  return isApart ? { isApart } : {};
}
