import type { Told } from "./receivers.ts";

/** Both clocks are one; it may be set back by so much while the test runs. */
const toleranceMs = 20;

export interface Evidence {
  /** Ids of what was sent, by body. */
  readonly sent: ReadonlyMap<string, string>;
  readonly told: readonly Told[];
  readonly killed: ReadonlySet<number>;
  readonly visibilityMs: number;
}

export interface Verdict {
  /** Accepted, and nobody has deleted it nor been killed while doing so. */
  readonly lost: readonly string[];
  /** Handed out while it was in somebody's hands, or after it had been deleted. */
  readonly early: readonly string[];
  readonly strange: readonly string[];
  /** Handed out to a receiver that was killed with it, and then to another one. */
  readonly cameBack: number;
  /** How long after its time was up the slowest of those came, in ms. */
  readonly cameBackAfterMsMax: number;
  readonly receives: number;
}

type Received = Extract<Told, { event: "received" }>;

export function judge({ sent, told, killed, visibilityMs }: Evidence): Verdict {
  const received = new Map<string, Received[]>();
  const deletedAt = new Map<string, number>();
  const deletingBy = new Map<string, Set<number>>();
  const strange: string[] = [];
  for (const report of told) {
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
    const handedOut = (received.get(id) ?? []).toSorted((a, b) => a.gotAtMs - b.gotAtMs);
    for (const [index, next] of handedOut.entries()) {
      const deleted = deletedAt.get(id);
      if (deleted !== undefined && next.askedAtMs > deleted) early.push(`${id} came after it was deleted`);
      const before = handedOut[index - 1];
      if (before === undefined) continue;
      // It was handed out between the question and the answer: not before the one, not after the other.
      const freeAtMs = Math.max(before.nextVisibleTime * 1000, before.askedAtMs + visibilityMs);
      if (next.gotAtMs + toleranceMs < freeAtMs) early.push(`${id} came ${freeAtMs - next.gotAtMs} ms too early`);
      if (next.dequeueCount <= before.dequeueCount) strange.push(`${id} was counted ${next.dequeueCount} times`);
      // Handed out in between to one that was killed before it could say so: no measure of how late this is.
      if (!killed.has(before.life) || next.dequeueCount !== before.dequeueCount + 1) continue;
      cameBack++;
      const lateMs = next.gotAtMs - (before.nextVisibleTime + 1) * 1000;
      cameBackAfterMsMax = Math.max(cameBackAfterMsMax, lateMs);
    }
  }
  const receives = told.filter(({ event }) => event === "received").length;
  return { lost, early, strange, cameBack, cameBackAfterMsMax, receives };
}
