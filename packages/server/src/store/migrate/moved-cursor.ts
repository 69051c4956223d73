import type { DatabaseSync } from "node:sqlite";
import { compileFilter } from "../../domain/filter.ts";
import { messageIdToBigInt } from "../../domain/message-id.ts";
import type { Seq, SubscriptionSettings, TopicId } from "../../domain/model.ts";
import { textArray } from "../postgres/columns.ts";
import { claimSettings } from "../postgres/subscriptions.ts";
import { Cursor } from "../cursor.ts";
import { statement } from "../sqlite/statements.ts";
import type { Row } from "./moved-rows.ts";

interface SourceCursor {
  readonly subscription_id: number;
  readonly topic_id: TopicId;
  readonly state: string;
  readonly settings: string;
  readonly first_seq: Seq;
  readonly settled_through: Seq;
  readonly ahead: Uint8Array | null;
  readonly expired: number;
}

/**
 * Converts a cursor. SQLite stores the position up to which every message is settled, and a bit for each later position
 * that is settled. PostgreSQL stores the scanned position, up to which claims have examined every message, and the
 * returned positions, which are before the scanned position and not settled.
 *
 * The scanned position becomes the last settled position. Unsettled positions before it become returned positions if
 * the filter matches their messages, because PostgreSQL does not filter returned positions again. A message that a
 * damaged database has lost counts as expired, as in SQLite.
 */
export function toPostgresCursor(row: Row, db: DatabaseSync): Row {
  const source = row as unknown as SourceCursor;
  const settings = JSON.parse(source.settings) as SubscriptionSettings;
  const cursor = new Cursor(source.settled_through, source.ahead);
  const scannedThrough = cursor.doneAhead().reduce((last, seq) => Math.max(last, seq), cursor.settledThrough);
  const { returnedSeqs, lost } = unfinished(source, settings, cursor, scannedThrough, db);
  const [ordering, inFlightMax, tags, routes] = claimSettings(settings) as [
    string,
    number,
    readonly string[] | null,
    readonly string[] | null,
  ];
  return {
    subscription_id: source.subscription_id,
    topic_id: source.topic_id,
    active: source.state === "active",
    ordering,
    in_flight_max: inFlightMax,
    tags: tags === null ? null : textArray(tags),
    routes: routes === null ? null : textArray(routes),
    scanned_through: scannedThrough,
    returned_seqs: `{${returnedSeqs.join(",")}}`,
    expired: source.expired + lost,
  };
}

function unfinished(
  { topic_id, first_seq }: SourceCursor,
  { filter }: SubscriptionSettings,
  cursor: Cursor,
  scannedThrough: Seq,
  db: DatabaseSync,
): { readonly returnedSeqs: readonly Seq[]; readonly lost: number } {
  const matches = compileFilter(filter);
  const read = statement(db, "SELECT tags, type FROM message WHERE id = ?");
  const returnedSeqs: Seq[] = [];
  let lost = 0;
  for (let seq = Math.max(cursor.settledThrough + 1, first_seq); seq < scannedThrough; seq++) {
    if (cursor.isDone(seq)) continue;
    const found = read.get(messageIdToBigInt(topic_id, seq)) as
      | { readonly tags: string | null; readonly type: string | null }
      | undefined;
    if (found === undefined) {
      lost++;
      continue;
    }
    const tags = found.tags === null ? [] : (JSON.parse(found.tags) as string[]);
    if (matches({ tags, type: found.type })) returnedSeqs.push(seq);
  }
  return { returnedSeqs, lost };
}
