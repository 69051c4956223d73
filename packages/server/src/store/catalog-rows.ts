/** Rows of the catalog and of entries. */

import type {
  AccountId,
  Entry,
  EntryKind,
  SubscriptionId,
  SubscriptionState,
  TimeMs,
  Topic,
  TopicId,
  TopicSettings,
} from "../domain/model.ts";
import { entryOf } from "./entry-index.ts";

export interface TopicRow {
  readonly id: TopicId;
  readonly account_id: AccountId;
  readonly name: string;
  readonly version: number;
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

export interface EntryRow {
  readonly account_id: AccountId;
  readonly kind: EntryKind;
  readonly name: string;
  readonly id: number;
  readonly version: number;
  readonly value: string;
  readonly created_at: TimeMs;
  readonly updated_at: TimeMs;
}

export function toEntry({ kind, name, id, value, version, created_at, updated_at }: EntryRow): Entry {
  return entryOf(kind, name, value, { id, version, createdAtMs: created_at, updatedAtMs: updated_at });
}

/** A subscription's row, without the account and the name of its topic. */
export interface SubscriptionRow {
  readonly id: SubscriptionId;
  readonly name: string;
  readonly state: SubscriptionState;
  readonly version: number;
  readonly settings: string;
  readonly created_at: TimeMs;
  readonly updated_at: TimeMs;
}
