import * as fc from "fast-check";
import type { Seq } from "../../domain/model.ts";
import { check } from "./model-checks.ts";
import { type operations, runStep, type Step } from "./model-operations.ts";
import { ModelRun } from "./model-run.ts";
import type { Part } from "./part.ts";
import { retainAll } from "./retain-fixtures.ts";

/**
 * Number of runs. `npm test` has few runs for a real database. `npm run test:slow` has many, with a new seed each time.
 * After a change of a driver, use `PROPERTY_RUNS=5000 npx vitest run … endurance`, which has a new seed too.
 */
const { PROPERTY_RUNS: runsText, PROPERTY_SEED: seedText } = process.env;
const RUNS = Number(runsText ?? 8);
/**
 * A failing run is repeated with the seed of its report. The default seed is fixed, so that a failure can be
 * reproduced.
 */
const SEED = Number(seedText ?? (runsText === undefined ? 20_261_121 : Date.now()));

const weights: Record<keyof typeof operations, number> = {
  publish: 8,
  subscribe: 2,
  changeOrder: 1,
  unsubscribe: 1,
  pause: 1,
  claim: 10,
  settle: 10,
  answer: 5,
  rewind: 1,
  renew: 2,
  advance: 6,
  crash: 1,
  publishAndCrash: 1,
  settleAndCrash: 1,
  retain: 2,
  redrive: 2,
  purge: 1,
  check: 2,
};

const step: fc.Arbitrary<Step> = fc.record({
  name: fc.oneof(
    ...Object.entries(weights).map(([name, weight]) => ({
      arbitrary: fc.constant(name as keyof typeof operations),
      weight,
    })),
  ),
  a: fc.nat({ max: 999 }),
  b: fc.nat({ max: 999 }),
  list: fc.array(fc.nat({ max: 255 }), { maxLength: 6 }),
});

/** Every topic has the same number, so the positions of each run continue after those of the run before. */
const topicNumbers = { topicNumbersMax: 1, topicNumbersResting: 0 };

export function modelContract({ promise, fresh }: Part): void {
  promise("loses no message, delivers none twice, keeps every order and all counts, also over crashes", () =>
    fresh(
      async (under) => {
        let lastSeq = 0;
        await fc.assert(
          fc.asyncProperty(fc.array(step, { minLength: 5, maxLength: 50, size: "max" }), async (steps) => {
            lastSeq = await runSteps(await ModelRun.start(under, lastSeq), steps);
            await retainAll(under);
          }),
          { seed: SEED, numRuns: RUNS, endOnFailure: true },
        );
      },
      { topicNumbers },
    ),
  );
}

/** Returns the last position of the run. */
async function runSteps(run: ModelRun, steps: readonly Step[]): Promise<Seq> {
  const begin = ["subscribe", "subscribe", "publish"] as const;
  for (const [index, name] of begin.entries()) await runStep(run, { name, a: index * 5 + 1, b: 5, list: [1, 17, 2] });
  for (const each of steps) await runStep(run, each);
  await check(run);
  await run.drain();
  await check(run);
  await run.store.catalog.deleteTopic(run.scene.topic.accountId, run.scene.topic.name);
  return run.lastSeq;
}
