import { expect } from "vitest";
import type { ChaosArrival } from "../chaos/endpoints.ts";
import { dueDeliveries } from "../chaos/run.ts";
import type { DisturbanceKind } from "../cluster-chaos/disturbances.ts";
import { describeArrival, explanations, invented, outOfOrder } from "../cluster-chaos/verdict.ts";
import { mayDie, plan } from "./plan.ts";
import type { CombinedReport } from "./run.ts";

/** Checks a run. Only the observations of clients and receivers are used. */
export function expectRight(report: CombinedReport, kinds: readonly DisturbanceKind[]): void {
  const { publishers, requests, observer, puller, endpoints, disturbances, seed, finalStates, deadLetters } = report;
  const { accepted, withoutKey } = publishers;
  const done = Object.fromEntries(kinds.map((kind) => [kind, disturbances.count(kind)]));
  const { repeats, withoutReason } = judgeRepeats(report);
  const due = dueDeliveries(accepted, plan);
  const arrivals = Array.from(endpoints.arrivals.values()).reduce((sum, list) => sum + list.length, 0);
  process.stdout.write(
    `CHAOS_SEED=${seed}: ${Math.round(report.loadedMs / 1000)} s under load; ${listed(done)}; ` +
      `${report.startsInVain} starts in vain; ${accepted.length} messages accepted, ${publishers.refused} publishes ` +
      `refused with 503, ${publishers.unanswered} unanswered; ${due.length} deliveries due, ${arrivals} POSTs, ` +
      `${deadLetters.size} dead letters; POSTs repeated after a success that was not certain, by reason: ` +
      `${listed(repeats)}; ${puller.received} messages pulled, ${puller.acknowledgedAtMs.size} acknowledged, ` +
      `${puller.forgotten} forgotten; ${observer.judged} GETs judged; of all requests to read and pull, ` +
      `${requests.answered} answered, ${requests.refused} refused with 503, ${requests.unanswered} unanswered\n`,
  );
  const isSettled = (delivery: string, isMortal: boolean) => {
    const state = finalStates.get(delivery);
    return state === "delivered" || (state === "dead" && isMortal && deadLetters.has(delivery.split("/")[2] ?? ""));
  };
  const mortal = new Set(plan.filter(mayDie).map(({ topic, name }) => `${topic}/${name}`));
  const faults = {
    lost: due.filter((delivery) => !isSettled(delivery, mortal.has(delivery.split("/", 2).join("/")))),
    repeatedThoughSettled: Array.from(observer.settled).flatMap(([delivery, { atMs }]) => {
      const again = endpoints.arrivals.get(delivery)?.find((arrival) => arrival.atMs > atMs);
      return again === undefined
        ? []
        : [`${delivery}: settled at ${disturbances.at(atMs)} s, sent ${describeArrival(report, again)}`];
    }),
    repeatedWithoutReason: withoutReason,
    shownWrong: observer.faults,
    pulledWrong: puller.faults,
    outOfOrder: outOfOrder({ accepted, endpoints }),
    invented: invented({ accepted, withoutKey, endpoints }),
    unexpected: [...publishers.unexpected, ...requests.unexpected],
  };
  const none = Object.fromEntries(Object.keys(faults).map((kind) => [kind, []]));
  const script = `CHAOS_SEED=${seed}\n${disturbances.script}`;
  expect({ script, faults }).toEqual({ script, faults: none });
  const open = report.leftOver.filter(
    (counts) => counts.backlog + counts.parked + counts.inFlight + counts.expired > 0,
  );
  expect(open).toEqual([]);
  // A run proves nothing without each kind of disturbance, or without load.
  expect(kinds.filter((kind) => done[kind] === 0)).toEqual([]);
  for (const count of [accepted.length, observer.judged, puller.acknowledgedAtMs.size]) {
    expect(count).toBeGreaterThan(report.loadedMs / 10_000);
  }
}

/** Returns the number of POSTs that were repeated after a success, by reason, and those without a reason. */
function judgeRepeats(report: CombinedReport) {
  const explain = explanations(report);
  const hasTimeLimit = new Set(
    plan.flatMap(({ topic, name, push }) => (push === undefined ? [] : [`${topic}/${name}`])),
  );
  const repeats: Record<string, number> = {};
  const withoutReason: string[] = [];
  for (const [delivery, list] of report.endpoints.arrivals) {
    for (const [index, again] of list.slice(1).entries()) {
      const before = list[index] as ChaosArrival;
      if (!before.success) continue;
      const timeLimit = hasTimeLimit.has(delivery.split("/", 2).join("/")) ? "time limit" : null;
      const reason = explain(before, again) ?? timeLimit;
      if (reason === null)
        withoutReason.push(`${delivery}: ${describeArrival(report, before)}, ${describeArrival(report, again)}`);
      else repeats[reason] = (repeats[reason] ?? 0) + 1;
    }
  }
  return { repeats, withoutReason };
}

function listed(counts: Readonly<Record<string, number>>): string {
  return Object.entries(counts)
    .map(([kind, count]) => `${kind} ${count}`)
    .join(", ");
}
