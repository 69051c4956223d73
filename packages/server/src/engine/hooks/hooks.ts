import type { Outcome } from "@ringback/sdk/hooks";
import type { HookSettings } from "../../domain/hook-rules.ts";
import type { EntryState } from "../../domain/model.ts";

export interface HookDetails extends HookSettings, EntryState {}

/** The JSON payload that a hook is called with. */
export interface HookPayload {
  /** Length of the JSON text. */
  readonly bytes: number;
  /**
   * Parses the text without losing digits, or returns a promise of the value. Called at most once, and only if the
   * memory budget has enough bytes left. `Hooks.call` rethrows errors of this function.
   */
  readonly read: () => unknown;
  /** How many pushes and hook calls in a row led to this call. Left out: none. */
  readonly hops?: number;
}

export interface CalledHook {
  readonly outcome: Outcome;
  /** The memory that the payload and the replies used. */
  readonly memoryBytes: number;
  /** Returns the outcome's bytes to the memory budget of all calls. Must be called once, after the outcome was sent. */
  readonly release: () => void;
}
