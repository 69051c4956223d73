import { expect, test } from "vitest";
import type { Subscription } from "../../domain/model.ts";
import { whileFailing } from "../../domain/subscription-rules.ts";
import { Simulation } from "../testing/simulation.ts";

const isOpen = { health: { state: "open", scope: "origin" } };

/** Subscriptions of one origin that refuses connections. `resume`: pauses and resumes one of them. */
async function startedDead() {
  const simulation = await Simulation.started();
  const topic = await simulation.topic();
  simulation.script("http://shared.test", { error: "connect_refused", afterMs: 1 });
  const all: Subscription[] = [];
  for (let index = 0; index < 5; index++) {
    const push = { url: `http://shared.test/${index}` };
    all.push(await simulation.subscribe(topic, `s${index}`, { ...whileFailing, push }));
  }
  const { catalog } = simulation.store;
  const readAll = () => Promise.all(all.map(({ id }) => catalog.getSubscriptionById(id)));
  const resume = async () => {
    await catalog.setSubscriptionState(topic.id, "s3", "paused");
    await simulation.time.advance(100);
    await catalog.setSubscriptionState(topic.id, "s3", "active");
    await simulation.time.advance(1_000);
  };
  await simulation.publish(topic, "a", "b", "c", "d", "e");
  return { simulation, readAll, resume };
}

test("an origin is probed at once when one of its subscriptions is resumed", async () => {
  const { simulation, readAll, resume } = await startedDead();
  await simulation.time.advance(3600_000);
  const before = simulation.posts.length;
  await resume();
  expect(simulation.posts).toHaveLength(before + 1);
  for (const one of await readAll()) expect(one).toMatchObject(isOpen);
  simulation.script("http://shared.test", { status: 200, afterMs: 5 });
  await resume();
  expect(simulation.posts.length).toBeGreaterThan(before + 2);
  for (const one of await readAll()) expect(one).toMatchObject({ health: null });
  expect(simulation.failures).toEqual([]);
});

test("an origin is not probed less often because a subscription was resumed in vain", async () => {
  const { simulation, readAll, resume } = await startedDead();
  await simulation.time.advance(20_000);
  for (const one of await readAll()) expect(one).toMatchObject(isOpen);
  for (let times = 0; times < 5; times++) await resume();
  const before = simulation.posts.length;
  await simulation.time.advance(90_000);
  expect(simulation.posts.length).toBeGreaterThan(before);
});
