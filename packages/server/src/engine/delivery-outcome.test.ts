import { expect, it } from "vitest";
import type { ClaimedDelivery } from "../store/log.ts";
import { firstDeliveryMs } from "./delivery-outcome.ts";
import { outcomeOf } from "./testing/delivery-outcomes.ts";

it("The copy of a replay has no time from publishing to the first delivery.", () => {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- only this member is read.
  const delivery = { isApart: true } as ClaimedDelivery;
  expect(firstDeliveryMs(outcomeOf({ durationMs: 3 }))).toBe(3);
  expect(
    firstDeliveryMs(outcomeOf({ push: { delivery, requestId: "1", origin: "http://a", recording: null } })),
  ).toBeNull();
});
