import { describe, expect, test } from "vitest";
import { Chaos } from "../testing/chaos.ts";

/**
 * Real: the engine. Faked: store, endpoints, time, random numbers. Each seed is another sequence of failures, hangs,
 * pauses, resumes, changes of order, redrives, replacements, stops and kills. To run one seed again, filter the tests
 * by its name.
 */
const seeds = Array.from({ length: Number(process.env["SIMULATION_SEEDS"] ?? 5) }, (_, index) => index);

describe.each([
  ["every message is delivered or dead in the end, in order, and never sent after it was settled", false],
  ["the same while wake-ups get lost and leases expire, because the engine looks for work regularly", true],
])("%s", (_sentence, losesWakeUps) => {
  test.each(seeds)("with seed %i, and no POST moves by a millisecond when the machine's clock is set", async (seed) => {
    const undisturbed = new Chaos({ seed, losesWakeUps });
    await undisturbed.run();
    expect(undisturbed.violations).toEqual([]);
    const chaos = new Chaos({ seed, losesWakeUps, clockJumps: true });
    await chaos.run();
    expect(chaos.violations).toEqual([]);
    expect(chaos.schedule).toEqual(undisturbed.schedule);
  });
});
