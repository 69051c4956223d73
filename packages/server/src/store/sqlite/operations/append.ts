import type { DatabaseSync, StatementSync } from "node:sqlite";
import { publishingTime } from "../../../domain/clock-rules.ts";
import type { ErrorCode } from "../../../domain/errors.ts";
import { messageIdToBigInt, SEQ_FULL } from "../../../domain/message-id.ts";
import { limits } from "../../../domain/limits.ts";
import type { Seq, TimeMs, TopicId } from "../../../domain/model.ts";
import { get, run, statement } from "../statements.ts";

const KEY_MS = limits.idempotencyKeyHours * 3600_000;

/**
 * Many publishes for one commit, column by column. Copying an array of numbers or strings between threads is cheap;
 * copying one object per message would take longer than writing the messages. A column that no request uses is null.
 */
export interface AppendGroup {
  /** Delays and idempotency keys count from this time. */
  readonly nowMs: TimeMs;
  readonly wallMs: TimeMs;
  /** One element per request. */
  readonly topicIds: TopicId[];
  readonly counts: number[];
  readonly keys: (string | null)[] | null;
  readonly fingerprints: (string | null)[] | null;
  /** One element per message, requests one after the other. All bodies are in one buffer, in the same order. */
  readonly bodies: Uint8Array;
  readonly lengths: number[];
  readonly delaysMs: number[] | null;
  readonly contentTypes: (string | null)[] | null;
  readonly tags: (string | null)[] | null;
  readonly types: (string | null)[] | null;
  readonly orderingKeys: (string | null)[] | null;
  readonly attributes: (string | null)[] | null;
  readonly requests: (string | null)[] | null;
}

export const appendStatus = { appended: 0, replayed: 1, topicGone: 2, keyConflict: 3, logFull: 4 } as const;

/** The error with which a request fails that has one of these states. */
export const appendRefusals: Readonly<Record<number, ErrorCode>> = {
  [appendStatus.topicGone]: "topic_not_found",
  [appendStatus.keyConflict]: "idempotency_conflict",
  [appendStatus.logFull]: "topic_used_up",
};

/** One element per request. */
export interface AppendGroupResult {
  readonly status: number[];
  readonly firstSeqs: Seq[];
  readonly publishedAtMs: TimeMs[];
}

interface KnownKey {
  readonly fingerprint: string;
  readonly first_seq: Seq;
  readonly published_at: TimeMs;
  readonly expires_at: TimeMs;
}

interface LogEnd {
  lastSeq: Seq;
  lastPublishedAtMs: TimeMs;
}

export class AppendOperation {
  readonly #db: DatabaseSync;
  readonly #insert: StatementSync;
  /** Ends of the logs, including the appends of the open transaction. */
  readonly #ends = new Map<TopicId, LogEnd>();

  constructor(db: DatabaseSync) {
    this.#db = db;
    this.#insert = statement(
      db,
      `INSERT INTO message (id, published_at, deliver_at, content_type, tags, type, ordering_key, attributes, request, body)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
    );
  }

  run(group: AppendGroup): AppendGroupResult {
    const requests = group.topicIds.length;
    const result: AppendGroupResult = {
      status: Array.from({ length: requests }, () => appendStatus.appended),
      firstSeqs: Array.from({ length: requests }, () => 0),
      publishedAtMs: Array.from({ length: requests }, () => 0),
    };
    const changed = new Set<TopicId>();
    let index = 0;
    let offset = 0;
    for (let request = 0; request < requests; request++) {
      const topicId = group.topicIds[request] as TopicId;
      const endIndex = index + (group.counts[request] as number);
      const end = this.#end(topicId);
      const status = end === null ? appendStatus.topicGone : this.#checkKey(group, request, end, result);
      result.status[request] = status;
      const isAppended = end !== null && status === appendStatus.appended;
      if (isAppended) {
        end.lastPublishedAtMs = publishingTime(group.wallMs, end.lastPublishedAtMs);
        result.firstSeqs[request] = end.lastSeq + 1;
        result.publishedAtMs[request] = end.lastPublishedAtMs;
        changed.add(topicId);
      }
      for (; index < endIndex; index++) {
        const bodyEnd = offset + (group.lengths[index] as number);
        if (isAppended) this.#insertMessage(group, index, topicId, end, group.bodies.subarray(offset, bodyEnd));
        offset = bodyEnd;
      }
    }
    const update = "UPDATE topic_log SET last_seq = ?, last_published_at = ? WHERE topic_id = ?";
    for (const topicId of changed) {
      const { lastSeq, lastPublishedAtMs } = this.#ends.get(topicId) as LogEnd;
      run(this.#db, update, lastSeq, lastPublishedAtMs, topicId);
    }
    return result;
  }

  #insertMessage(group: AppendGroup, index: number, topicId: TopicId, end: LogEnd, body: Uint8Array): void {
    const publishedAtMs = end.lastPublishedAtMs;
    const delayMs = group.delaysMs?.[index] ?? 0;
    end.lastSeq++;
    this.#insert.run(
      messageIdToBigInt(topicId, end.lastSeq),
      publishedAtMs,
      delayMs === 0 ? null : group.nowMs + delayMs,
      group.contentTypes?.[index] ?? null,
      group.tags?.[index] ?? null,
      group.types?.[index] ?? null,
      group.orderingKeys?.[index] ?? null,
      group.attributes?.[index] ?? null,
      group.requests?.[index] ?? null,
      body,
    );
  }

  /** Drops the remembered ends of the logs: the transaction was rolled back, or a topic was removed. */
  forget(): void {
    this.#ends.clear();
  }

  #checkKey(group: AppendGroup, request: number, end: LogEnd, result: AppendGroupResult): number {
    const whenNew = end.lastSeq < SEQ_FULL ? appendStatus.appended : appendStatus.logFull;
    const key = group.keys?.[request] ?? null;
    if (key === null) return whenNew;
    const topicId = group.topicIds[request] as TopicId;
    const fingerprint = group.fingerprints?.[request] as string;
    const find =
      "SELECT fingerprint, first_seq, published_at, expires_at FROM idempotency WHERE topic_id = ? AND key = ?";
    const known = get<KnownKey>(this.#db, find, topicId, key);
    // Retention may not have removed an expired key yet.
    if (known === undefined || known.expires_at <= group.nowMs) {
      if (whenNew !== appendStatus.appended) return whenNew;
      const save = `INSERT OR REPLACE INTO idempotency (topic_id, key, fingerprint, first_seq, published_at,
        expires_at) VALUES (?, ?, ?, ?, ?, ?)`;
      const publishedAtMs = publishingTime(group.wallMs, end.lastPublishedAtMs);
      run(this.#db, save, topicId, key, fingerprint, end.lastSeq + 1, publishedAtMs, group.nowMs + KEY_MS);
      return appendStatus.appended;
    }
    if (known.fingerprint !== fingerprint) return appendStatus.keyConflict;
    result.firstSeqs[request] = known.first_seq;
    result.publishedAtMs[request] = known.published_at;
    return appendStatus.replayed;
  }

  #end(topicId: TopicId): LogEnd | null {
    const known = this.#ends.get(topicId);
    if (known !== undefined) return known;
    const load = "SELECT last_seq AS lastSeq, last_published_at AS lastPublishedAtMs FROM topic_log WHERE topic_id = ?";
    const end = get<LogEnd>(this.#db, load, topicId);
    if (end === undefined) return null;
    this.#ends.set(topicId, end);
    return end;
  }
}
