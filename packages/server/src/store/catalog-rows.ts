/** Rows of the catalog and of entries. */

import type { AccountId, Entry, TimeMs, Topic, TopicSettings } from "../domain/model.ts";
import { entryOf } from "./entry-index.ts";

export interface TopicRow extends Pick<Topic, "id" | "name" | "version"> {
  readonly account_id: AccountId;
  readonly settings: string;
  readonly created_at: TimeMs;
  readonly updated_at: TimeMs;
}

export function toTopic(row: TopicRow): Topic {
  return {
    id: row.id,
    accountId: row.account_id,
    name: row.name,
    settings: JSON.parse(row.settings) as TopicSettings,
    version: row.version,
    createdAtMs: row.created_at,
    updatedAtMs: row.updated_at,
  };
}

export interface EntryRow
  extends Pick<Entry, "id" | "kind" | "name" | "version">, Pick<TopicRow, "account_id" | "created_at" | "updated_at"> {
  readonly value: string;
}

export function toEntry({ kind, name, id, value, version, created_at, updated_at }: EntryRow): Entry {
  return entryOf(kind, name, value, { id, version, createdAtMs: created_at, updatedAtMs: updated_at });
}
