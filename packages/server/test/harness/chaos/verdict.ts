import { dueDeliveries } from "./run.ts";
import type { ChaosReport } from "./run.ts";

export interface ChaosVerdict {
  /** Deliveries of accepted messages that the receiver never answered with success. */
  readonly lost: readonly string[];
  /** Deliveries that were recorded as accepted before a kill and arrived again after the kill. */
  readonly repeatedThoughRecorded: readonly string[];
  /**
   * Deliveries that a server process sent again although the same process had received the success. Neither a failure
   * nor a kill explains such a repetition.
   */
  readonly repeatedWithoutReason: readonly string[];
  /** Message ids that arrived with two different bodies. */
  readonly mixedUp: readonly string[];
  /** Arrivals of messages that were never published. */
  readonly invented: readonly string[];
  /** Publishes with the same idempotency key that produced two message ids. */
  readonly publishedTwice: readonly string[];
  /** Number of repeated arrivals after a success. Each kill causes some. */
  readonly duplicates: number;
  readonly deliveries: number;
  readonly arrivals: number;
}

/** Checks a run. Only the observations of clients and receivers are used, and the records of the killed servers. */
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
