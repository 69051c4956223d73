import { RingbackError } from "../../domain/errors.ts";
import { limits } from "../../domain/limits.ts";
import type { NewMessage, TopicId } from "../../domain/model.ts";
import type { Timers } from "../../domain/ports.ts";
import { assertAppendStorable } from "../append-rule.ts";
import type { AppendResult, AppendRequest } from "../log.ts";
import type { StoreObserver } from "../store.ts";
import { Batches } from "./batches.ts";
import { packBytes, textArray } from "./columns.ts";
import type { ConnectionPool } from "./database.ts";
import type { Health } from "./health.ts";
import { postgresLimits } from "./postgres-limits.ts";
import type { Times } from "./times.ts";

const KEY_MS = limits.idempotencyKeyHours * 3600_000;
/** Approximate memory of a waiting message beside its body. */
const MESSAGE_OVERHEAD_BYTES = 256;

interface Waiting {
  readonly request: AppendRequest;
  readonly bytes: number;
  readonly resolve: (result: AppendResult) => void;
  readonly reject: (error: unknown) => void;
}

interface AppendRow {
  readonly request: number;
  readonly outcome: "appended" | "replayed" | "topic_gone" | "key_conflict";
  readonly first_seq: number;
  readonly published_at: number;
}

/** Sends the publishes of this node in batches, each one round trip and one commit. */
export class Appends {
  readonly #options: { pool: ConnectionPool; times: Times; health: Health; observer: StoreObserver };
  readonly #batches: Batches<Waiting>;
  /**
   * Topics with an append under way. Later requests for them wait here, since they would only wait for a lock in the
   * database.
   */
  readonly #underWay = new Set<TopicId>();
  #waitingBytes = 0;

  constructor(options: {
    pool: ConnectionPool;
    times: Times;
    timers: Timers;
    health: Health;
    observer: StoreObserver;
  }) {
    this.#options = options;
    this.#batches = new Batches({
      timers: options.timers,
      take: (waiting) => takeBatch(waiting, this.#underWay),
      run: (batch) => this.#run(batch),
      lateMs: postgresLimits.appendLateMs,
    });
  }

  async append(request: AppendRequest): Promise<AppendResult> {
    assertAppendStorable(request);
    const bytes = request.messages.reduce((sum, { body }) => sum + body.byteLength + MESSAGE_OVERHEAD_BYTES, 0);
    if (this.#waitingBytes + bytes > postgresLimits.appendWaitingBytesMax) {
      throw new RingbackError("overloaded");
    }
    this.#waitingBytes += bytes;
    return new Promise((resolve, reject) => this.#batches.add({ request, bytes, resolve, reject }));
  }

  idle(): Promise<void> {
    return this.#batches.idle();
  }

  async #run(batch: readonly Waiting[]): Promise<void> {
    const { pool, times, health, observer } = this.#options;
    const startedMs = performance.now();
    const topicIds = new Set(batch.map(({ request }) => request.topicId));
    for (const topicId of topicIds) this.#underWay.add(topicId);
    try {
      const rows = await pool.query<AppendRow>(sql, parameters(batch, times.at()), "append");
      health.wrote();
      observer.commit((performance.now() - startedMs) / 1_000, batch.length);
      for (const row of rows) answer(batch[row.request - 1] as Waiting, row);
    } catch (error) {
      health.failed(error);
      for (const { reject } of batch) reject(error);
    } finally {
      for (const topicId of topicIds) this.#underWay.delete(topicId);
      for (const { bytes } of batch) this.#waitingBytes -= bytes;
    }
  }
}

const sql = `SELECT * FROM ringback.append($1, $2, $3::integer[], $4::integer[], $5::text[], $6::text[], $7::integer[],
  $8::integer[], $9::bigint[], $10::text[], $11::text[], $12::text[], $13::text[], $14::text[], $15::integer[],
  $16::integer[], $17)`;

/**
 * Takes requests until the batch is full. A second request with the same idempotency key waits for the next batch,
 * because it must see the result of the first. Requests for a topic with an append under way also wait, so that
 * publishes to a topic keep their order.
 */
function takeBatch(waiting: Waiting[], underWay: ReadonlySet<TopicId>): Waiting[] {
  const keys = new Set<string>();
  const batch: Waiting[] = [];
  const left: Waiting[] = [];
  let messages = 0;
  let bytes = 0;
  let isFull = false;
  for (const each of waiting) {
    const { request, bytes: more } = each;
    if (isFull || underWay.has(request.topicId)) {
      left.push(each);
      continue;
    }
    const key = request.idempotency === null ? null : `${request.topicId} ${request.idempotency.key}`;
    const isTooMuch =
      messages + request.messages.length > postgresLimits.appendMessagesMax ||
      bytes + more > postgresLimits.appendBytesMax;
    if ((batch.length > 0 && isTooMuch) || (key !== null && keys.has(key))) {
      isFull = true;
      left.push(each);
      continue;
    }
    if (key !== null) keys.add(key);
    messages += request.messages.length;
    bytes += more;
    batch.push(each);
  }
  waiting.splice(0, waiting.length, ...left);
  return batch;
}

function parameters(batch: readonly Waiting[], nowMs: number | null): unknown[] {
  const requests: number[] = [];
  const positions: number[] = [];
  const messages: NewMessage[] = [];
  for (const [index, { request }] of batch.entries()) {
    for (const [position, message] of request.messages.entries()) {
      requests.push(index + 1);
      positions.push(position);
      messages.push(message);
    }
  }
  const { offsets, sizes, bytes } = packBytes(messages.map(({ body }) => body));
  return [
    nowMs,
    KEY_MS,
    batch.map(({ request }) => request.topicId),
    batch.map(({ request }) => request.messages.length),
    batch.map(({ request }) => request.idempotency?.key ?? null),
    batch.map(({ request }) => request.idempotency?.fingerprint ?? null),
    requests,
    positions,
    messages.map(({ delayMs }) => delayMs),
    messages.map(({ contentType }) => contentType),
    messages.map(({ tags }) => (tags.length === 0 ? null : textArray(tags))),
    messages.map(({ type }) => type),
    messages.map(({ orderingKey }) => orderingKey),
    messages.map(({ attributes }) => (Object.keys(attributes).length === 0 ? null : JSON.stringify(attributes))),
    offsets,
    sizes,
    bytes,
  ];
}

function answer({ resolve, reject }: Waiting, row: AppendRow): void {
  switch (row.outcome) {
    case "topic_gone":
      reject(new RingbackError("topic_not_found"));
      return;
    case "key_conflict":
      reject(new RingbackError("idempotency_conflict"));
      return;
    case "appended":
    case "replayed":
      resolve({
        firstSeq: row.first_seq,
        publishedAtMs: row.published_at,
        replayed: row.outcome === "replayed",
      });
  }
}
