import { expect } from "vitest";
import { runClusterChaos } from "./run.ts";
import { judgeCluster } from "./verdict.ts";

/**
 * Runs the chaos and judges it. `CHAOS_SEED` repeats the script of an earlier run, but not its timing, which depends on
 * the machine.
 */
export async function expectClusterSurvived(loadMs: number, nodeGoneAfterMs: number): Promise<void> {
  const seed = Number(process.env["CHAOS_SEED"] ?? Math.floor(Math.random() * 1e9));
  const report = await runClusterChaos({ seed, loadMs, nodeGoneAfterMs });
  const { faults, deliveries, arrivals, duplicates } = judgeCluster(report);
  const { accepted, refused, unanswered, disturbances, startsInVain, deliveriesLost, leftOver, loadedMs } = report;
  const kinds = ["kill", "stop", "cut", "restart", "crash"] as const;
  const done = Object.fromEntries(kinds.map((kind) => [kind, disturbances.count(kind)]));
  process.stdout.write(
    `cluster chaos: seed ${seed}, ${Math.round(loadedMs / 1000)} s under load; ${listed(done)}; ` +
      `${startsInVain} starts in vain; stopped nodes lost ${deliveriesLost} claimed deliveries; ${accepted.length} messages accepted, ` +
      `${refused} publishes refused with 503, ${unanswered} unanswered; ${deliveries} deliveries due, ` +
      `${arrivals} arrivals; sent again after a success that was not on record yet, by reason: ${listed(duplicates)}\n`,
  );
  const script = `seed ${seed}\n${disturbances.script}`;
  const none = { lost: [], repeatedThoughRecorded: [], notRecordedOnce: [], repeatedWithoutReason: [] };
  const noFaults = { ...none, outOfOrder: [], mixedUp: [], invented: [], unexpected: [] };
  expect({ script, faults }).toEqual({ script, faults: noFaults });
  const empty = { backlog: 0, parked: 0, inFlight: 0, deadLetters: 0, expired: 0 };
  expect({ script, leftOver }).toMatchObject({ script, leftOver: leftOver.map(() => empty) });
  // A run without deliveries under way at a disturbance would prove nothing.
  expect(loadedMs).toBeGreaterThanOrEqual(loadMs);
  expect(kinds.filter((kind) => done[kind] === 0)).toEqual([]);
  expect(deliveriesLost).toBeGreaterThan(0);
  expect(accepted.length).toBeGreaterThan(loadMs / 100);
}

function listed(counts: Readonly<Record<string, number>>): string {
  return Object.entries(counts)
    .map(([kind, count]) => `${kind} ${count}`)
    .join(", ");
}
