import { dueDeliveries } from "./run.ts";
import type { ChaosReport } from "./run.ts";

export interface ChaosVerdict {
  /** Accepted and entitled, and never answered with success by the receiver. */
  readonly lost: readonly string[];
  /** Recorded as accepted before a kill, and arrived again after it. */
  readonly repeatedThoughRecorded: readonly string[];
  /** Arrived again from the process that had got a success for it: neither a failure nor a kill explains that. */
  readonly repeatedWithoutReason: readonly string[];
  /** One id with two bodies. */
  readonly mixedUp: readonly string[];
  /** Arrived, although nobody published it. */
  readonly invented: readonly string[];
  /** One publish under one idempotency key, and two ids. */
  readonly publishedTwice: readonly string[];
  /** Arrivals after an arrival that had been answered with success: the price of a kill. */
  readonly duplicates: number;
  readonly deliveries: number;
  readonly arrivals: number;
}

/** Judges a run from what clients and receivers saw and what the killed servers had recorded, and from nothing else. */
export function judgeChaos(report: ChaosReport): ChaosVerdict {
  const { endpoints, accepted, attempted, recorded } = report;
  const due = dueDeliveries(accepted);
  const all = [...endpoints.arrivals];
  const repeats = all.flatMap(([delivery, list]) =>
    list.slice(1).map((again, index) => ({ delivery, again, before: list[index] ?? again })),
  );
  const repeatedThoughRecorded = recorded.flatMap((kill) =>
    Array.from(kill)
      .filter(([delivery, arrivedByThen]) => (endpoints.arrivals.get(delivery)?.length ?? 0) !== arrivedByThen)
      .map(([delivery]) => delivery),
  );
  const againBodies = new Set(accepted.filter(({ sentAgain }) => sentAgain).map(({ message }) => message.body));
  const idsByBody = new Map<string, Set<string>>();
  for (const [delivery, list] of all) {
    const [, , id = ""] = delivery.split("/");
    for (const { body } of list) {
      if (againBodies.has(body)) idsByBody.set(body, (idsByBody.get(body) ?? new Set()).add(id));
    }
  }
  return {
    lost: due.filter((delivery) => !endpoints.succeeded(delivery)),
    repeatedThoughRecorded: [...new Set(repeatedThoughRecorded)],
    repeatedWithoutReason: repeats
      .filter(({ before, again }) => before.success && before.sender === again.sender)
      .map(({ delivery }) => delivery),
    mixedUp: all.filter(([, list]) => new Set(list.map(({ body }) => body)).size > 1).map(([delivery]) => delivery),
    invented: all.filter(([, list]) => list.some(({ body }) => !attempted.has(body))).map(([delivery]) => delivery),
    publishedTwice: Array.from(idsByBody).flatMap(([body, ids]) => (ids.size > 1 ? [body.slice(0, 20)] : [])),
    duplicates: repeats.filter(({ before }) => before.success).length,
    deliveries: due.length,
    arrivals: all.reduce((sum, [, list]) => sum + list.length, 0),
  };
}
