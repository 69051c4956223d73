import type { TimeMs } from "../domain/model.ts";

/** The limit that a backlog has exceeded. `retention`: its oldest message will expire soon. */
export type BacklogLimit = "messages" | "age" | "retention";

export interface Backlog {
  readonly limit: BacklogLimit;
  /** Messages that wait; with a filter an upper bound. */
  readonly count: number;
  readonly oldestAtMs: TimeMs;
  /** When the oldest message expires. */
  readonly expiresAtMs: TimeMs;
}
