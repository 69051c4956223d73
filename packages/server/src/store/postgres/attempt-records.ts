import { RingbackError } from "../../domain/errors.ts";
import { messageId } from "../../domain/message-id.ts";
import type { SubscriptionId } from "../../domain/model.ts";
import type { Page, PageRequest } from "../page.ts";
import { beforeId, recordPage } from "../record-page.ts";
import { toAttempt, type AttemptRow } from "../record-rows.ts";
import type { AttemptRecord } from "../records.ts";
import type { ConnectionPool } from "./database.ts";

/** Lists attempts, newest first. Reads one row more than the limit, to find out whether there is a next page. */
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
  return recordPage(rows, page, (row) => ({
    ...toAttempt(row),
    messageId: messageId(row.topic_id, row.seq),
    subscription: name,
  }));
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
