import { describe, expect, test } from "vitest";
import { ControlChaos } from "./control-chaos.ts";

/** Seeds of one test. Each of some thousand tests would take memory for its report. */
const SEEDS_PER_TEST = 100;
/** Every so many seeds, the run is repeated with another machine's clock. */
const REPEATED_EVERY = 5;

/**
 * Real: the engine. Faked: store, endpoints, time, random numbers. Each seed is another sequence of rates, breakers,
 * failures, replays, pauses, crashes and restarts. `CONTROL_SEEDS`: how many; `CONTROL_FIRST_SEED`: the first one.
 */
export function expectControlled(seedsDefault: number): void {
  const count = Number(process.env["CONTROL_SEEDS"] ?? seedsDefault);
  const first = Number(process.env["CONTROL_FIRST_SEED"] ?? 0);
  const starts = Array.from(
    { length: Math.ceil(count / SEEDS_PER_TEST) },
    (_, index) => first + index * SEEDS_PER_TEST,
  );
  describe("rates, breakers, disabling and replays keep their promises", () => {
    test.each(starts)("with the seeds from %i", async (start) => {
      const broken: Record<number, readonly string[]> = {};
      for (let seed = start; seed < Math.min(start + SEEDS_PER_TEST, first + count); seed++) {
        const violations = await violationsOf(seed);
        if (violations.length > 0) broken[seed] = violations;
      }
      expect(broken).toEqual({});
    });
  });
}

/** Every second seed loses wake-ups and leases, and every second pair of seeds has clock jumps. */
async function violationsOf(seed: number): Promise<readonly string[]> {
  const options = { seed, losesWakeUps: seed % 2 === 1 };
  const chaos = new ControlChaos({ ...options, clockJumps: seed % 4 > 1 });
  await chaos.run();
  if (chaos.violations.length > 0 || seed % REPEATED_EVERY > 0) return chaos.violations;
  const other = new ControlChaos({ ...options, clockJumps: seed % 4 <= 1 });
  await other.run();
  const comparable = Math.min(chaos.comparable, other.comparable);
  const [one, two] = [chaos.schedule.slice(0, comparable), other.schedule.slice(0, comparable)];
  const moved = one.findIndex((post, index) => post !== two[index]);
  if (moved >= 0) return [`the machine's clock moves POST ${moved}: ${one[moved]} or ${two[moved]}`];
  return other.violations;
}
