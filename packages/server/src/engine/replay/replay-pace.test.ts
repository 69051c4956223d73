import { expect, test } from "vitest";
import { engineLimits } from "../engine-limits.ts";
import { ReplayPace } from "./replay-pace.ts";

test("A busy process parks fewer and fewer copies, and an idle one more again.", () => {
  let busy = 1;
  const pace = new ReplayPace(() => busy);
  const counts = Array.from({ length: 20 }, () => pace.next());
  expect(counts).toEqual(counts.toSorted((one, other) => other - one));
  expect(counts.at(-1)).toBe(engineLimits.replayCopiesMin);
  busy = engineLimits.replayBusyShareMax;
  expect(pace.next()).toBe(engineLimits.replayCopiesMin + engineLimits.replayCopiesAdded);
  for (let tick = 0; tick < 100; tick++) pace.next();
  expect(pace.next()).toBe(engineLimits.replayCopiesMax);
});
