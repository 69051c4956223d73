import { unlimited, type AccountLimits } from "../../domain/account-limits.ts";
import type { PortalSettings } from "../../domain/portal-rules.ts";
import type { Account, AccountId, EntryState } from "../../domain/model.ts";

export interface AccountSettings {
  /** null: a number is chosen at random when the account is created, and stays. */
  readonly appId: number | null;
  readonly labels: Readonly<Record<string, string>>;
  readonly description: string;
  readonly limits: AccountLimits;
  /** null: the page of portal links has the server's own branding. */
  readonly portal: PortalSettings | null;
}

/** An account's entry in the store, in the default account. The entry's name is the account's name. */
export interface StoredAccount extends AccountSettings {
  readonly id: AccountId;
  readonly appId: number;
  /** True: the account is being deleted, and no request may use it any more. */
  readonly isDeleting: boolean;
}

/** The rest of an account that is being deleted. */
export interface DeletionProgress {
  /** Topics, and logs of inboxes and queues. */
  readonly topicsLeft: number;
  /** Hooks, inboxes, queues, keys and API keys. */
  readonly entriesLeft: number;
}

/** The view of an account. */
export interface AccountDetails extends AccountSettings, EntryState {
  readonly appId: number;
  readonly accountId: AccountId;
  readonly state: "active" | "deleting";
  /** null: the account is not being deleted. */
  readonly deletion: DeletionProgress | null;
}

/** An account as the engine uses it. */
export interface ActiveAccount extends Account {
  readonly limits: AccountLimits;
}

export const settingsDefault: AccountSettings = {
  appId: null,
  labels: {},
  description: "",
  limits: unlimited,
  portal: null,
};
