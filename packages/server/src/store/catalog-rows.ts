/** Rows of the catalog and of entries. */

import type {
  AccountId,
  Disablement,
  Entry,
  StateChange,
  SubscriptionHealth,
  SubscriptionSettings,
  SubscriptionState,
  TimeMs,
  Topic,
  TopicSettings,
} from "../domain/model.ts";
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

/** The columns `state` and `disabled` of a subscription. */
export interface StateColumns {
  readonly state: SubscriptionState;
  readonly disabled: string | null;
}

export function stateColumns(change: StateChange): StateColumns {
  return typeof change === "string"
    ? { state: change, disabled: null }
    : { state: "disabled", disabled: JSON.stringify(change) };
}

export function toDisablement(disabled: string | null): Disablement | null {
  return disabled === null ? null : (JSON.parse(disabled) as Disablement);
}

export function healthColumn(health: SubscriptionHealth | null): string | null {
  return health === null ? null : JSON.stringify(health);
}

export function toHealth(health: string | null): SubscriptionHealth | null {
  return health === null ? null : (JSON.parse(health) as SubscriptionHealth);
}

/** An endpoint with other settings is another endpoint, so nothing is known about its health. */
export function keepsHealth(before: SubscriptionSettings, after: SubscriptionSettings): boolean {
  return JSON.stringify(before.push) === JSON.stringify(after.push);
}

export interface EntryRow
  extends Pick<Entry, "id" | "kind" | "name" | "version">, Pick<TopicRow, "account_id" | "created_at" | "updated_at"> {
  readonly value: string;
}

export function toEntry({ kind, name, id, value, version, created_at, updated_at }: EntryRow): Entry {
  return entryOf(kind, name, value, { id, version, createdAtMs: created_at, updatedAtMs: updated_at });
}
