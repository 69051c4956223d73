import { expect } from "vitest";
import { runChaos } from "./run.ts";
import { judgeChaos } from "./verdict.ts";
import { temporaryFolder } from "../folder.ts";

/**
 * Runs the chaos and judges it. `CHAOS_SEED` repeats the choices of an earlier run, but not its timing, which depends
 * on the machine. `CHAOS_KILLS` sets another number of kills.
 */
export async function expectSurvivedKills(killsDefault: number, acceptedMax: number): Promise<void> {
  const kills = Number(process.env["CHAOS_KILLS"] ?? killsDefault);
  const seed = Number(process.env["CHAOS_SEED"] ?? Math.floor(Math.random() * 1e9));
  await using folder = await temporaryFolder();
  const report = await runChaos({ folder: folder.path, kills, seed, acceptedMax });
  const { deliveries, arrivals, duplicates, ...faults } = judgeChaos(report);
  const { accepted, unanswered, killsWhileStarting, leftOver } = report;
  process.stdout.write(
    `chaos: seed ${seed}, ${kills} kills (${killsWhileStarting} while starting), ${accepted.length} messages accepted, ` +
      `${unanswered} publishes left in doubt, ${deliveries} deliveries due, ${arrivals} arrivals, ` +
      `${duplicates} of them again after a success that a kill kept from being recorded\n`,
  );
  const none = { lost: [], repeatedThoughRecorded: [], repeatedWithoutReason: [], mixedUp: [], invented: [] };
  expect(faults, `seed ${seed}`).toEqual({ ...none, publishedTwice: [] });
  const done = { backlog: 0, parked: 0, inFlight: 0, deadLetters: 0, expired: 0 };
  for (const counts of leftOver) expect(counts, `seed ${seed}`).toMatchObject(done);
  // A run without messages under way at a kill would prove nothing.
  expect(report.kills).toBe(kills);
  expect(accepted.length).toBeGreaterThan(kills);
  expect(report.recorded.at(-1)?.size).toBeGreaterThan(0);
}
