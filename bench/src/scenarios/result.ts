import { median } from "../statistics/percentiles.ts";
import type { Cost } from "./cost.ts";

/** One line of the result table. */
export interface Figure {
  readonly name: string;
  readonly value: number;
  readonly unit: "×" | "ms" | "s" | "MB" | "%" | "µs" | "/msg" | "/s";
  /** The target of `value`. A figure without a target is information only. */
  readonly atMost?: number;
  readonly atLeast?: number;
  /** The lowest and the highest of the samples whose median is `value`. */
  readonly lowest?: number;
  readonly highest?: number;
  /**
   * The ratio with POSTs of the bare `pool.dispatch` loop as the unit. The unit of `value` is a POST of the bare
   * `pool.request` loop.
   */
  readonly dispatchRatio?: number;
  /** Messages (of a fan-out: deliveries) per second of wall-clock time. Information only. */
  readonly perSecond?: number;
  /** CPU time of the server per message (of a fan-out: per delivery). */
  readonly serverUs?: number;
  /** CPU time of one POST of the bare `pool.request` loop. */
  readonly bareUs?: number;
  readonly receiverUs?: number;
  readonly generatorUs?: number;
  /** Cost per message (of a fan-out: per delivery). Servers and database are listed separately. */
  readonly cost?: Cost;
}

/** Whether the value meets its target. A value that could not be computed is NaN, which misses every target. */
export function meetsTarget({ value, atMost, atLeast }: Figure): boolean {
  return (atMost === undefined || value <= atMost) && (atLeast === undefined || value >= atLeast);
}

/** Returns a figure whose value is the median of the samples. */
export function medianFigure(samples: readonly number[]): Pick<Figure, "value" | "lowest" | "highest"> {
  return { value: median(samples), lowest: Math.min(...samples), highest: Math.max(...samples) };
}

/** Compares the throughput of a subscription under a load with its throughput before, as a percentage. */
export function throughputKept(name: string, before: readonly number[], during: readonly number[]): Figure {
  const percentages = during.map((perSecond) => (100 * perSecond) / median(before));
  return { name, ...medianFigure(percentages), unit: "%", atLeast: 90, perSecond: median(during) };
}

/** One measurement of a throughput without a load, and one with the load close to it. */
export interface ThroughputPair {
  readonly without: number;
  readonly beside: number;
}

/** Compares the two throughputs of each pair, as a percentage. */
export function throughputKeptOfPairs(name: string, pairs: readonly ThroughputPair[], atLeast = 90): Figure {
  const percentages = pairs.map(({ without, beside }) => (100 * beside) / without);
  const perSecond = median(pairs.map(({ beside }) => beside));
  return { name, ...medianFigure(percentages), unit: "%", atLeast, perSecond };
}

/** Compares the deliveries to a group of endpoints with the accepted messages. */
export interface DeliveryAccount {
  readonly group: string;
  readonly acceptedMessages: number;
  readonly expectedDeliveries: number;
  readonly missing: number;
  readonly missingExamples: readonly string[];
  readonly duplicates: number;
  readonly unexpected: number;
  /** Number of publishes that were not accepted, by status or error. */
  readonly refused: Readonly<Record<string, number>>;
}

/** Returns the account of a group whose deliveries have no ids. Such deliveries can only be counted. */
export function countedAccount(
  group: string,
  acceptedMessages: number,
  found: number,
  refused: DeliveryAccount["refused"],
): DeliveryAccount {
  return {
    group,
    acceptedMessages,
    expectedDeliveries: acceptedMessages,
    missing: Math.max(0, acceptedMessages - found),
    missingExamples: [],
    duplicates: 0,
    unexpected: Math.max(0, found - acceptedMessages),
    refused,
  };
}

export function addRefused(sum: Record<string, number>, refused: DeliveryAccount["refused"]): void {
  for (const [why, count] of Object.entries(refused)) sum[why] = (sum[why] ?? 0) + count;
}

/** The result of a scenario before `run.ts` adds the rest. */
export interface Measured {
  readonly figures: readonly Figure[];
  readonly deliveries: readonly DeliveryAccount[];
  /** Samples and other values that explain the figures. */
  readonly details: Readonly<Record<string, unknown>>;
}

export interface ScenarioResult extends Measured {
  readonly scenario: string;
  readonly title: string;
  /** The server's metrics at the end of the scenario. */
  readonly metrics: Readonly<Record<string, number>>;
  readonly journalMode: string | null;
  readonly tookS: number;
}

export function lostMessages(results: readonly Pick<ScenarioResult, "deliveries">[]): number {
  return results.flatMap(({ deliveries }) => deliveries).reduce((sum, { missing }) => sum + missing, 0);
}
