import type { Times } from "./times.ts";
import { RingbackError } from "../../domain/errors.ts";
import { limits } from "../../domain/limits.ts";
import type { NewMessage, TopicId } from "../../domain/model.ts";
import { assertAppendStorable } from "../append-rule.ts";
import type { AppendRequest, AppendResult } from "../log.ts";
import { attributesText, requestText } from "../record-rows.ts";
import { Batches, type Choice } from "./batches.ts";
import { packBytes, textArray } from "./columns.ts";
import { postgresLimits } from "./postgres-limits.ts";
import { commit, type StoreContext } from "./store-context.ts";

const KEY_MS = limits.idempotencyKeyHours * 3600_000;
/** Approximate memory of a waiting message without its body. */
const MESSAGE_OVERHEAD_BYTES = 256;

interface SizedRequest extends AppendRequest {
  readonly bytes: number;
}

interface AppendRow {
  readonly request: number;
  readonly outcome: "appended" | "replayed" | "topic_gone" | "key_conflict" | "log_full";
  readonly first_seq: number;
  readonly published_at: number;
}

/** Sends the publishes of this node in batches. Each batch is one round trip and one commit. */
export class Appends extends Batches<SizedRequest, AppendResult> {
  readonly #context: StoreContext;
  /**
   * Topics with an append under way. Later requests for these topics wait in this process, because in the database they
   * would only wait for a lock.
   */
  readonly #underWay = new Set<TopicId>();
  #waitingBytes = 0;

  constructor(context: StoreContext) {
    super(context.timers, postgresLimits.appendLateMs);
    this.#context = context;
  }

  async append(request: AppendRequest): Promise<AppendResult> {
    assertAppendStorable(request);
    const bytes = request.messages.reduce((sum, { body }) => sum + body.byteLength + MESSAGE_OVERHEAD_BYTES, 0);
    if (this.#waitingBytes + bytes > postgresLimits.appendWaitingBytesMax) throw new RingbackError("overloaded");
    this.#waitingBytes += bytes;
    try {
      return await this.add({ ...request, bytes });
    } finally {
      this.#waitingBytes -= bytes;
    }
  }

  /**
   * Requests join until the batch is full. A second request with the same idempotency key waits for the next batch,
   * because it must see the result of the first request. Requests for a topic with an append under way also wait, so
   * that publishes to a topic keep their order.
   */
  protected override begin(): (request: SizedRequest) => Choice {
    const keys = new Set<string>();
    let [requests, messages, bytes] = [0, 0, 0];
    return (request) => {
      if (this.#underWay.has(request.topicId)) return "wait";
      const key = request.idempotency === null ? null : `${request.topicId} ${request.idempotency.key}`;
      messages += request.messages.length;
      bytes += request.bytes;
      const isTooMuch = messages > postgresLimits.appendMessagesMax || bytes > postgresLimits.appendBytesMax;
      if ((requests > 0 && isTooMuch) || (key !== null && keys.has(key))) return "end";
      requests++;
      if (key !== null) keys.add(key);
      return "join";
    };
  }

  protected override async run(batch: readonly SizedRequest[]): Promise<readonly (AppendResult | Error)[]> {
    const topicIds = batch.map(({ topicId }) => topicId);
    for (const topicId of topicIds) this.#underWay.add(topicId);
    try {
      const values = parameters(batch, this.#context.times.at());
      const rows = await commit<AppendRow>(this.#context, "append", values, batch.length);
      return rows.sort((a, b) => a.request - b.request).map(toResult);
    } finally {
      for (const topicId of topicIds) this.#underWay.delete(topicId);
    }
  }
}

function parameters(batch: readonly SizedRequest[], at: ReturnType<Times["at"]>): unknown[] {
  const requests: number[] = [];
  const positions: number[] = [];
  const messages: NewMessage[] = [];
  for (const [index, request] of batch.entries()) {
    for (const [position, message] of request.messages.entries()) {
      requests.push(index + 1);
      positions.push(position);
      messages.push(message);
    }
  }
  const { offsets, sizes, bytes } = packBytes(messages.map(({ body }) => body));
  return [
    at,
    KEY_MS,
    batch.map(({ topicId }) => topicId),
    batch.map((request) => request.messages.length),
    batch.map(({ idempotency }) => idempotency?.key ?? null),
    batch.map(({ idempotency }) => idempotency?.fingerprint ?? null),
    requests,
    positions,
    messages.map(({ delayMs }) => delayMs),
    messages.map(({ contentType }) => contentType),
    messages.map(({ tags }) => (tags.length === 0 ? null : textArray(tags))),
    messages.map(({ type }) => type),
    messages.map(({ orderingKey }) => orderingKey),
    messages.map(attributesText),
    messages.map(requestText),
    offsets,
    sizes,
    bytes,
  ];
}

function toResult(row: AppendRow): AppendResult | Error {
  if (row.outcome === "topic_gone") return new RingbackError("topic_not_found");
  if (row.outcome === "log_full") return new RingbackError("topic_used_up");
  if (row.outcome === "key_conflict") return new RingbackError("idempotency_conflict");
  return { firstSeq: row.first_seq, publishedAtMs: row.published_at, replayed: row.outcome === "replayed" };
}
