import { RingbackError } from "../../domain/errors.ts";
import { messageId } from "../../domain/message-id.ts";
import type { Attempt, AttemptVerdict, SubscriptionId, TopicId } from "../../domain/model.ts";
import type { Page, PageRequest } from "../page.ts";
import type { AttemptRecord } from "../records.ts";
import type { ConnectionPool } from "./database.ts";
import { beforeId } from "./page-cursor.ts";
import { attemptVerdictCodes } from "./rows.ts";

export interface AttemptRow {
  readonly id: number;
  readonly topic_id: TopicId;
  readonly seq: number;
  readonly subscription_id: SubscriptionId;
  readonly attempt: number;
  readonly started_at: number;
  readonly duration_ms: number;
  readonly verdict: number;
  readonly status: number | null;
  readonly error_code: string | null;
  readonly reply: Uint8Array | null;
}

export function toAttempt(row: AttemptRow): Attempt {
  return {
    attempt: row.attempt,
    startedAtMs: row.started_at,
    durationMs: row.duration_ms,
    verdict: attemptVerdictCodes[row.verdict] as AttemptVerdict,
    status: row.status,
    errorCode: row.error_code,
    reply: row.reply,
  };
}

/** Newest first; one row more than the limit shows that there is a next page. */
export async function listAttempts(
  pool: ConnectionPool,
  id: SubscriptionId,
  page: PageRequest,
  only: "all" | "failed",
): Promise<Page<AttemptRecord>> {
  const name = await subscriptionName(pool, id);
  const failed = only === "failed" ? "AND verdict <> 0" : "";
  const rows = await pool.query<AttemptRow>(
    `SELECT * FROM ringback.attempt WHERE subscription_id = $1 AND id < $2 ${failed} ORDER BY id DESC LIMIT $3`,
    [id, beforeId(page), page.limit + 1],
    `list_attempts_${only}`,
  );
  const shown = rows.slice(0, page.limit);
  return {
    items: shown.map((row) => ({
      ...toAttempt(row),
      messageId: messageId(row.topic_id, row.seq),
      subscription: name,
    })),
    next: rows.length > page.limit ? String(shown.at(-1)?.id) : null,
  };
}

/** Throws `subscription_not_found`. */
export async function subscriptionName(pool: ConnectionPool, id: SubscriptionId): Promise<string> {
  const [row] = await pool.query<{ name: string }>(
    "SELECT name FROM ringback.subscription WHERE id = $1",
    [id],
    "subscription_name",
  );
  if (row === undefined) throw new RingbackError("subscription_not_found");
  return row.name;
}
