import type { Outcome } from "@ringback/sdk/hooks";
import type { HookSettings } from "../../domain/hook-rules.ts";
import type { EntryState } from "../../domain/model.ts";
import type { WriteCondition } from "../../domain/write-condition.ts";
import type { Label } from "../../store/label.ts";
import type { Page, PageRequest } from "../../store/page.ts";

export interface HookDetails extends HookSettings, EntryState {}

/** The JSON payload that a hook is called with. */
export interface HookPayload {
  /** Length of the JSON text. */
  readonly bytes: number;
  /**
   * Parses the text without losing digits. Called at most once, and only if the memory budget has enough bytes left.
   * `Hooks.call` rethrows errors of this function.
   */
  readonly read: () => unknown;
}

export interface CalledHook {
  readonly outcome: Outcome;
  /** Returns the outcome's bytes to the memory budget of all calls. Must be called once, after the outcome was sent. */
  readonly release: () => void;
}

/**
 * The account's hooks. A hook's URLs are called synchronously, and their replies decide an outcome. Callers must pass
 * names of valid form.
 */
export interface Hooks {
  /**
   * Creates or replaces. Throws `key_not_found`, `key_unavailable`, `invalid_key`, `entry_limit` and
   * `precondition_failed`.
   */
  put(
    name: string,
    settings: HookSettings,
    condition?: WriteCondition,
  ): Promise<{ readonly hook: HookDetails; readonly created: boolean }>;
  get(name: string): Promise<HookDetails | null>;
  /** Sorted by name. If `label` is given, only hooks with this label are returned. */
  list(page: PageRequest, label?: Label): Promise<Page<HookDetails>>;
  /** Returns false if there is no such hook. Throws `precondition_failed`. */
  delete(name: string, condition?: WriteCondition): Promise<boolean>;
  /**
   * POSTs the payload to the hook's URLs and returns the outcome of the replies. A failed POST also leads to an
   * outcome, not to an error. Throws only `hook_not_found`, `key_not_found`, `key_unavailable`, `overloaded` and
   * `shutting_down`.
   */
  call(name: string, payload: HookPayload): Promise<CalledHook>;
}
