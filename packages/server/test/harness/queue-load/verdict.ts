import type { ReceiverReport } from "./receivers.ts";

/** Server and receivers use the same clock. The clock may be set back by this much during a test. */
const toleranceMs = 20;

export interface Evidence {
  /** Ids of the messages that were sent, by body. */
  readonly sent: ReadonlyMap<string, string>;
  readonly reports: readonly ReceiverReport[];
  readonly killed: ReadonlySet<number>;
  readonly visibilityMs: number;
}

export interface Verdict {
  /**
   * Accepted messages that no receiver has deleted. A message is not included if a receiver that had begun to delete it
   * was killed.
   */
  readonly lost: readonly string[];
  /** Messages received while they were invisible, or after they had been deleted. */
  readonly early: readonly string[];
  readonly strange: readonly string[];
  /** Number of times that a receiver was killed and its message was received again. */
  readonly cameBack: number;
  /**
   * Longest time in ms between the end of a killed receiver's visibility timeout and the next receive of the message.
   */
  readonly cameBackAfterMsMax: number;
  readonly receives: number;
}

type Received = Extract<ReceiverReport, { event: "received" }>;

export function judge({ sent, reports, killed, visibilityMs }: Evidence): Verdict {
  const received = new Map<string, Received[]>();
  const deletedAt = new Map<string, number>();
  const deletingBy = new Map<string, Set<number>>();
  const strange: string[] = [];
  for (const report of reports) {
    if (report.event === "received") {
      const { id, body } = report;
      if (sent.get(body) !== id) strange.push(`${id} came with the body ${body.slice(0, 40)}`);
      received.set(id, [...(received.get(id) ?? []), report]);
    } else if (report.event === "deleting") {
      deletingBy.set(report.id, (deletingBy.get(report.id) ?? new Set()).add(report.life));
    } else if (report.event === "deleted") {
      if (report.code === 0) deletedAt.set(report.id, report.atMs);
      else if (report.code !== 4430) strange.push(`deleting ${report.id} was answered ${report.code}`);
    } else {
      strange.push(report.answer);
    }
  }

  const lost: string[] = [];
  const early: string[] = [];
  let cameBack = 0;
  let cameBackAfterMsMax = 0;
  for (const id of sent.values()) {
    const mayBeDeleted = [...(deletingBy.get(id) ?? [])].some((life) => killed.has(life));
    if (!deletedAt.has(id) && !mayBeDeleted) lost.push(id);
    const deliveries = (received.get(id) ?? []).toSorted((a, b) => a.answeredAtMs - b.answeredAtMs);
    for (const [index, next] of deliveries.entries()) {
      const deleted = deletedAt.get(id);
      if (deleted !== undefined && next.requestedAtMs > deleted) early.push(`${id} came after it was deleted`);
      const before = deliveries[index - 1];
      if (before === undefined) continue;
      // The visibility timeout began between the receive request and its answer. `freeAtMs` is the earliest end of the
      // timeout.
      const freeAtMs = Math.max(before.nextVisibleTime * 1000, before.requestedAtMs + visibilityMs);
      if (next.answeredAtMs + toleranceMs < freeAtMs)
        early.push(`${id} came ${freeAtMs - next.answeredAtMs} ms too early`);
      if (next.dequeueCount <= before.dequeueCount) strange.push(`${id} was counted ${next.dequeueCount} times`);
      // If `dequeueCount` has increased by more than one, a third receiver got the message in between and was killed
      // before it reported the receive. The delay is unknown then.
      if (!killed.has(before.life) || next.dequeueCount !== before.dequeueCount + 1) continue;
      cameBack++;
      const lateMs = next.answeredAtMs - (before.nextVisibleTime + 1) * 1000;
      cameBackAfterMsMax = Math.max(cameBackAfterMsMax, lateMs);
    }
  }
  const receives = reports.filter(({ event }) => event === "received").length;
  return { lost, early, strange, cameBack, cameBackAfterMsMax, receives };
}
