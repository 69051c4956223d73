import { describe, expect, test } from "vitest";
import { Chaos } from "../testing/chaos.ts";

/**
 * Real: the engine. Faked: store, endpoints, time, random numbers. Each seed is another sequence of failures, hangs,
 * pauses, resumes, changes of order, redrives, replacements, stops and kills. To run one seed again, filter the tests
 * by its name.
 */
const seeds = Array.from({ length: Number(process.env["SIMULATION_SEEDS"] ?? 10) }, (_, index) => index);

describe("every message is delivered or dead in the end, in order, and never sent after it was settled", () => {
  test.each(seeds)("with seed %i", async (seed) => {
    const chaos = new Chaos({ seed, losesWakeUps: false });
    await chaos.run();
    expect(chaos.violations).toEqual([]);
  });
});

describe("the same while wake-ups get lost and leases expire, because the engine looks for work regularly", () => {
  test.each(seeds)("with seed %i", async (seed) => {
    const chaos = new Chaos({ seed, losesWakeUps: true });
    await chaos.run();
    expect(chaos.violations).toEqual([]);
  });
});

describe("the same while the machine's clock is set ahead and back at any step, and no POST moves by a millisecond", () => {
  test.each(seeds)("with seed %i", async (seed) => {
    const losesWakeUps = seed % 2 === 1;
    const undisturbed = new Chaos({ seed, losesWakeUps });
    await undisturbed.run();
    const chaos = new Chaos({ seed, losesWakeUps, clockJumps: true });
    await chaos.run();
    expect(chaos.violations).toEqual([]);
    expect(chaos.schedule).toEqual(undisturbed.schedule);
  });
});
