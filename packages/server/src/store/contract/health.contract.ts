import { expect } from "vitest";
import type { StateChange, Subscription, SubscriptionHealth, SubscriptionId } from "../../domain/model.ts";
import type { Part } from "./part.ts";
import { Scene, settings } from "./fixtures.ts";

function failing(atMs: number): SubscriptionHealth {
  return {
    state: "failing",
    sinceMs: atMs,
    failingSinceMs: atMs - 5_000,
    error: { status: 503, code: "http_status", detail: "状态" },
    scope: "subscription",
    probeAtMs: null,
    probes: 0,
    openedAtMs: null,
    failures: 3,
    failedAtMs: atMs,
    failedMs: 5_000,
  };
}

function open(atMs: number): SubscriptionHealth {
  return { ...failing(atMs), state: "open", scope: "origin", probeAtMs: atMs + 30_000, openedAtMs: atMs };
}

function read(scene: Scene): Promise<Subscription | null> {
  return scene.store.catalog.getSubscription(scene.topic.id, "reader");
}

function replace(
  scene: Scene,
  { id }: Subscription,
  before: SubscriptionHealth | null,
  after: SubscriptionHealth | null,
): Promise<boolean> {
  return scene.store.catalog.setSubscriptionHealth(id, { before, after, waited: null });
}

export function healthContract({ promise, shared }: Part): void {
  promise("keeps the health of a subscription over a crash, and changes neither version nor times for it", async () => {
    const scene = await Scene.make(shared());
    const reader = await scene.subscribe("reader");
    expect(reader.health).toBeNull();
    scene.under.clock.advance(10);
    const health = open(scene.now);
    expect(await replace(scene, reader, null, health)).toBe(true);
    expect(await read(scene)).toEqual({ ...reader, health });
    await scene.under.crash();
    expect(await read(scene)).toEqual({ ...reader, health });
    expect(await scene.store.catalog.getSubscriptionById(reader.id)).toEqual({ ...reader, health });
    const { items } = await scene.store.catalog.listSubscriptions(scene.topic.id, { after: null, limit: 9 });
    expect(items).toEqual([{ ...reader, health }]);
    expect(await replace(scene, reader, health, null)).toBe(true);
    expect(await read(scene)).toEqual(reader);
  });

  promise("replaces a health only if it is still the one before, so that one of several callers succeeds", async () => {
    const scene = await Scene.make(shared());
    const reader = await scene.subscribe("reader");
    const health = failing(scene.now);
    const results = await Promise.all([
      replace(scene, reader, null, health),
      replace(scene, reader, null, { ...health, failures: 4 }),
    ]);
    expect(results.filter(Boolean)).toHaveLength(1);
    expect(await replace(scene, reader, null, open(scene.now))).toBe(false);
    expect(await replace(scene, reader, open(scene.now), null)).toBe(false);
    await scene.store.catalog.deleteSubscription(scene.topic.id, "reader");
    expect(await replace(scene, reader, health, null)).toBe(false);
  });

  promise("notifies the listeners of a changed health", async () => {
    const scene = await Scene.make(shared());
    const reader = await scene.subscribe("reader");
    const changed: SubscriptionId[] = [];
    scene.store.catalog.onSubscriptionChange((id) => changed.push(id));
    await replace(scene, reader, null, failing(scene.now));
    expect(changed).toEqual([reader.id]);
  });

  promise("forgets the health with a change of the state or of the endpoint, but not of other settings", async () => {
    const scene = await Scene.make(shared());
    const reader = await scene.subscribe("reader");
    const health = failing(scene.now);
    await replace(scene, reader, null, health);
    expect((await scene.subscribe("reader", { maxInFlight: 3 })).health).toEqual(health);
    expect((await scene.subscribe("reader", { maxInFlight: 3, order: "key" })).health).toEqual(health);
    const push = { ...settings().push, url: "https://other.example/" } as never;
    expect((await scene.subscribe("reader", { push })).health).toBeNull();
    await replace(scene, reader, null, health);
    const change = (to: StateChange) => scene.store.catalog.setSubscriptionState(scene.topic.id, "reader", to);
    expect(await change("active")).toMatchObject({ health });
    const why = { atMs: scene.now, reason: "failing", messageId: scene.idOf(1), attempt: 3 } as const;
    expect(await change(why)).toMatchObject({ disabled: why, health: null });
    await scene.under.crash();
    expect(await read(scene)).toMatchObject({ disabled: why, health: null });
  });

  promise("takes a wait off the time since the first attempts of parked deliveries", async () => {
    const scene = await Scene.make(shared());
    const reader = await scene.subscribe("reader");
    await scene.publish("a", "b");
    const startedAtMs = scene.now;
    const parked = {
      kind: "parked",
      dueAtMs: startedAtMs + 1_000,
      retriesMade: 1,
      firstAttemptAtMs: startedAtMs,
    } as const;
    await scene.settleNext(reader, parked, { deliveriesMax: 1 });
    await scene.settleNext(reader, { ...parked, firstAttemptAtMs: startedAtMs - 8_000 }, { deliveriesMax: 1 });
    const health = open(startedAtMs);
    await replace(scene, reader, null, health);
    scene.under.clock.advance(10_000);
    const waited = { waitedMs: 9_000, nowMs: startedAtMs + 8_000 };
    expect(await scene.store.catalog.setSubscriptionHealth(reader.id, { before: null, after: health, waited })).toBe(
      false,
    );
    expect(await scene.store.catalog.setSubscriptionHealth(reader.id, { before: health, after: null, waited })).toBe(
      true,
    );
    const { deliveries } = await scene.claim(reader);
    expect(deliveries.map(({ firstAttemptAtMs }) => firstAttemptAtMs)).toEqual([
      startedAtMs + 8_000,
      startedAtMs + 1_000,
    ]);
  });
}
