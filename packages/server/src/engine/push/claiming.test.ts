import { expect, test, vi } from "vitest";
import { Simulation } from "../testing/simulation.ts";

test("POSTs that end during a claim do not request further claims", async () => {
  const simulation = await Simulation.started();
  const topic = await simulation.topic();
  const reader = await simulation.subscribe(topic, "reader", { script: { status: 200, afterMs: 1 } });
  await simulation.publish(topic, "first");
  await simulation.time.advance(100);
  const claim = vi.spyOn(simulation.store.log, "claim");
  await simulation.publish(topic, "a", "b", "c", "d");
  await simulation.time.quiet();
  simulation.store.latencyMsMax = 1_000;
  await simulation.publish(topic, "e");
  await simulation.time.advance(10_000);
  expect(simulation.postsTo(reader)).toHaveLength(6);
  expect(claim).toHaveBeenCalledTimes(2);
});
