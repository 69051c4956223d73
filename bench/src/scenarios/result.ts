import type { Cost } from "./cost.ts";

/** What a scenario hands back. */

/** One line of the table. */
export interface Figure {
  readonly name: string;
  readonly value: number;
  readonly unit: "×" | "ms" | "s" | "MB" | "%" | "/msg" | "/s";
  /** `value` should be at most, or at least, `reach`. Null: for information. */
  readonly limit: "at most" | "at least";
  readonly reach: number | null;
  /** Of the samples whose median `value` is: how far to trust it. */
  readonly lowest?: number;
  readonly highest?: number;
  /** The same cost in leanest `pool.dispatch` POSTs, where `value` is in `pool.request` POSTs. */
  readonly dispatchRatio?: number;
  /** For information: messages (of a fan-out: deliveries) per second of wall-clock time. */
  readonly perSecond?: number;
  /** CPU microseconds per message (of a fan-out: delivery). */
  readonly serverUs?: number;
  /** Of one POST of the bare `pool.request` loop. */
  readonly bareUs?: number;
  readonly receiverUs?: number;
  readonly generatorUs?: number;
  /** Of each message (of a fan-out: delivery), the database's part told apart. */
  readonly cost?: Cost;
}

export function withinReach({ value, limit, reach }: Figure): boolean {
  if (reach === null) return true;
  return limit === "at most" ? value <= reach : value >= reach;
}

/** What arrived against what was accepted. */
export interface DeliveryAccount {
  readonly group: string;
  readonly acceptedMessages: number;
  readonly expectedDeliveries: number;
  readonly missing: number;
  readonly missingExamples: readonly string[];
  readonly duplicates: number;
  readonly unexpected: number;
  /** Publishes that were not accepted, by status or error code. */
  readonly refused: Readonly<Record<string, number>>;
}

export interface ScenarioResult {
  readonly scenario: string;
  readonly title: string;
  readonly figures: readonly Figure[];
  readonly deliveries: readonly DeliveryAccount[];
  /** Raw samples and whatever else explains the figures. */
  readonly details: Readonly<Record<string, unknown>>;
  /** The server's own metrics at the end. */
  readonly metrics: Readonly<Record<string, number>>;
  readonly journalMode: string | null;
  readonly tookS: number;
}

export function lostMessages(results: readonly Pick<ScenarioResult, "deliveries">[]): number {
  return results.reduce((sum, { deliveries }) => sum + deliveries.reduce((all, { missing }) => all + missing, 0), 0);
}
