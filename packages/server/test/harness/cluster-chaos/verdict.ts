import { subscriptions } from "../chaos/plan.ts";
import type { ChaosArrival } from "../chaos/endpoints.ts";
import { dueDeliveries } from "../chaos/run.ts";
import type { DisturbanceKind } from "./disturbances.ts";
import type { ClusterChaosReport } from "./run.ts";

export interface ClusterFaults {
  /** Deliveries of accepted messages that the receiver never answered with success. */
  readonly lost: readonly string[];
  /** Deliveries that arrived again after their success was recorded. */
  readonly repeatedThoughRecorded: readonly string[];
  /** Deliveries whose success was recorded several times or never. */
  readonly notRecordedOnce: readonly string[];
  /** Deliveries that arrived again after a success, without a disturbance that explains it. */
  readonly repeatedWithoutReason: readonly string[];
  /** Deliveries that arrived before an earlier message of the same order was accepted. */
  readonly outOfOrder: readonly string[];
  /**
   * Publishes with the same idempotency key that produced two message ids, and message ids that arrived with two
   * bodies.
   */
  readonly mixedUp: readonly string[];
  /** Arrivals whose body is not the published one, and unknown ids of publishes that were accepted once only. */
  readonly invented: readonly string[];
  /** Answers to publishes other than 201 and 503. */
  readonly unexpected: readonly string[];
}

export interface ClusterVerdict {
  readonly faults: ClusterFaults;
  readonly deliveries: number;
  readonly arrivals: number;
  /** Number of arrivals after a success, by the disturbance that explains them. */
  readonly duplicates: Readonly<Partial<Record<DisturbanceKind, number>>>;
}

/**
 * After the database was unavailable, the nodes need up to this time to connect again. Outcomes of deliveries can still
 * be lost during this time.
 */
const databaseRecoversMs = 10_000;
const seqBits = 40n;

/** Checks a run. Only the observations of clients and receivers are used, and the records in the database. */
export function judgeCluster(report: ClusterChaosReport): ClusterVerdict {
  const { endpoints, accepted, arrivedByThen, recordCounts } = report;
  const due = dueDeliveries(accepted);
  const all = [...endpoints.arrivals];
  const arrived = (delivery: string) => endpoints.arrivals.get(delivery)?.length ?? 0;
  const repeats = all.flatMap(([delivery, list]) =>
    list.slice(1).flatMap((again, index) => {
      const before = list[index] as ChaosArrival;
      return before.success ? [{ delivery, before, again }] : [];
    }),
  );
  const explain = explanations(report);
  const duplicates: Partial<Record<DisturbanceKind, number>> = {};
  const repeatedWithoutReason: string[] = [];
  for (const { delivery, before, again } of repeats) {
    const reason = explain(before, again);
    if (reason === null)
      repeatedWithoutReason.push(`${delivery}: ${describeArrival(report, before)}, ${describeArrival(report, again)}`);
    else duplicates[reason] = (duplicates[reason] ?? 0) + 1;
  }
  const ids = new Set(accepted.map(({ id }) => id));
  const bodies = new Set(accepted.map(({ message }) => message.body));
  const faults: ClusterFaults = {
    lost: due.filter((delivery) => !endpoints.succeeded(delivery)),
    repeatedThoughRecorded: [...arrivedByThen]
      .filter(([delivery, byThen]) => arrived(delivery) > byThen)
      .map(([delivery]) => delivery),
    notRecordedOnce: due.filter((delivery) => recordCounts.get(delivery) !== 1),
    repeatedWithoutReason,
    outOfOrder: outOfOrder(report),
    mixedUp: ids.size === accepted.length && bodies.size === accepted.length ? [] : ["ids and bodies"],
    invented: invented(report),
    unexpected: report.unexpected,
  };
  const arrivals = all.reduce((sum, [, list]) => sum + list.length, 0);
  return { faults, deliveries: due.length, arrivals, duplicates };
}

export function describeArrival(
  { disturbances }: Pick<ClusterChaosReport, "disturbances">,
  { atMs, sender }: ChaosArrival,
): string {
  return `at ${disturbances.at(atMs)} s from ${sender}`;
}

/**
 * Returns deliveries that arrived with another body than the published one. A publish without an idempotency key can
 * be accepted several times, so the ids of its other messages are unknown.
 */
export function invented({
  accepted,
  withoutKey,
  endpoints,
}: Pick<ClusterChaosReport, "accepted" | "withoutKey" | "endpoints">): string[] {
  const bodies = new Map(accepted.map(({ id, message }) => [id, message.body]));
  const isRight = (id: string, body: string) => (bodies.has(id) ? bodies.get(id) === body : withoutKey.has(body));
  return [...endpoints.arrivals]
    .filter(([delivery, list]) => !list.every(({ body }) => isRight(delivery.split("/")[2] ?? "", body)))
    .map(([delivery]) => delivery);
}

/**
 * Returns a function that finds the disturbance that explains why a delivery arrived a second time. A kill explains the
 * second arrival only if the process that sent the first request sent nothing after the kill. A stop explains it only
 * if that process sent nothing during the stop. Otherwise a disturbance of the database explains it.
 */
export function explanations(
  report: Pick<ClusterChaosReport, "endpoints" | "disturbances">,
): (before: ChaosArrival, again: ChaosArrival) => DisturbanceKind | null {
  const sentAtMs = new Map<string, number[]>();
  for (const list of report.endpoints.arrivals.values()) {
    for (const { sender, atMs } of list) sentAtMs.set(sender, [...(sentAtMs.get(sender) ?? []), atMs]);
  }
  return (before, again) => {
    const isSilent = (fromMs: number, toMs: number) =>
      (sentAtMs.get(before.sender) ?? []).every((atMs) => atMs <= fromMs || atMs >= toMs);
    const between = report.disturbances.list.filter(
      ({ node, fromMs, toMs }) =>
        fromMs <= again.atMs && toMs >= before.atMs - (node === null ? databaseRecoversMs : 0),
    );
    const reason =
      between.find(({ kind, toMs }) => kind === "kill" && isSilent(toMs, Infinity)) ??
      between.find(({ kind, fromMs, toMs }) => kind === "stop" && isSilent(fromMs, toMs)) ??
      between.find(({ kind }) => kind === "crash") ??
      between.find(({ kind }) => kind === "restart") ??
      between.find(({ kind }) => kind === "cut") ??
      between.find(({ kind, node }) => kind === "fill" && node === null);
    return reason?.kind ?? null;
  };
}

/**
 * Returns deliveries that arrived before an earlier message was accepted. In the subscription `strict` all messages are
 * compared, in the others only messages with the same key.
 */
export function outOfOrder({ accepted, endpoints }: Pick<ClusterChaosReport, "accepted" | "endpoints">): string[] {
  const bySeq = accepted
    .filter(({ topic }) => topic === "ordered")
    .map(({ id, message }) => ({ id, key: message.orderingKey, seq: BigInt.asUintN(Number(seqBits), BigInt(id)) }))
    .toSorted((a, b) => Number(a.seq - b.seq));
  return subscriptions
    .filter(({ topic }) => topic === "ordered")
    .flatMap(({ name }) => {
      const takenThroughMs = new Map<string, number>();
      return bySeq.flatMap(({ id, key = "" }) => {
        const line = name === "strict" ? "" : key;
        const delivery = `ordered/${name}/${id}`;
        const list = endpoints.arrivals.get(delivery) ?? [];
        const firstMs = list[0]?.atMs ?? Infinity;
        const takenMs = list.find(({ success }) => success)?.atMs ?? Infinity;
        const beforeMs = takenThroughMs.get(line) ?? -Infinity;
        takenThroughMs.set(line, Math.max(beforeMs, takenMs));
        return firstMs < beforeMs ? [delivery] : [];
      });
    });
}
