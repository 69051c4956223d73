import type { Start, SubscriptionId, TopicId } from "../../domain/model.ts";
import type { Lane } from "./database.ts";
import { seqOf, type LogEnds } from "./subscriptions.ts";

/** Takes a subscription back to a place in its log. False: there is none. */
export function rewindTo(lane: Lane, id: SubscriptionId, to: Exclude<Start, "now">): Promise<boolean> {
  return lane.transaction(async (connection) => {
    const [cursor] = await connection.query<{ topic_id: TopicId }>(
      "SELECT topic_id FROM ringback.subscription_cursor WHERE subscription_id = $1 FOR UPDATE",
      [id],
    );
    if (cursor === undefined) return false;
    // Read when the cursor is locked: whoever removes messages locks it as well.
    const [log] = await connection.query<LogEnds>(
      "SELECT first_seq, last_seq FROM ringback.topic_log WHERE topic_id = $1",
      [cursor.topic_id],
    );
    if (log === undefined) return false;
    const from = await seqOf(connection, cursor.topic_id, log, to);
    await connection.query("SELECT ringback.rewind_1($1, $2)", [id, from]);
    return true;
  });
}
