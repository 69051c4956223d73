import * as fc from "fast-check";
import type { Part } from "./contract.ts";
import { ModelRun, type operations, type Step } from "./model-run.ts";

/** More of them by hand, when a driver has changed: `PROPERTY_RUNS=5000 npx vitest run … endurance`. */
const runsAskedFor = process.env["PROPERTY_RUNS"];
const RUNS = Number(runsAskedFor ?? 40);
/**
 * The default runs are the same every time: a test that fails today has to fail tomorrow. Those by hand are new ones.
 */
const SEED = runsAskedFor === undefined ? 20_261_121 : Date.now();
const TIME_MS = runsAskedFor === undefined ? 4_000 : 3_600_000;

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
  look: 2,
};

const step: fc.Arbitrary<Step> = fc.record({
  what: fc.oneof(
    ...Object.entries(weights).map(([what, weight]) => ({
      arbitrary: fc.constant(what as keyof typeof operations),
      weight,
    })),
  ),
  a: fc.nat({ max: 999 }),
  b: fc.nat({ max: 999 }),
  list: fc.array(fc.nat({ max: 255 }), { maxLength: 6 }),
});

export function modelContract({ promise, shared }: Part): void {
  promise(
    "loses no message, delivers no settled one again, keeps every order and counts right, crashes or not",
    async () => {
      await fc.assert(
        fc.asyncProperty(fc.array(step, { minLength: 5, maxLength: 50, size: "max" }), async (steps) => {
          const run = await ModelRun.start(shared());
          const begin = ["subscribe", "subscribe", "publish"] as const;
          for (const [index, what] of begin.entries())
            await run.step({ what, a: index * 5 + 1, b: 5, list: [1, 17, 2] });
          for (const each of steps) await run.step(each);
          await run.check();
          await run.drain();
          await run.check();
          await run.store.catalog.deleteTopic(run.scene.topic.accountId, run.scene.topic.name);
        }),
        {
          seed: SEED,
          numRuns: RUNS,
          interruptAfterTimeLimit: TIME_MS,
          markInterruptAsFailure: false,
          endOnFailure: true,
        },
      );
    },
  );
}
