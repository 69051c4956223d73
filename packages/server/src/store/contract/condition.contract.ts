import { expect } from "vitest";
import type { StateChange } from "../../domain/model.ts";
import type { Revision, WriteCondition } from "../../domain/write-condition.ts";
import type { Part } from "./part.ts";
import { Scene, settings, topicSettings } from "./fixtures.ts";

const failed = { code: "precondition_failed" };
const WRITERS = 8;

/** A resource that is written by name. `put` writes a different value for each `n`. */
interface Named {
  readonly put: (n: number, condition?: WriteCondition) => Promise<Revision>;
  readonly read: () => Promise<(Revision & { readonly n: number }) | null>;
  readonly remove: (condition?: WriteCondition) => Promise<boolean>;
}

export function conditionContract({ promise, shared }: Part): void {
  const kinds: Record<string, () => Promise<Named>> = {
    "a topic": async () => namedTopic(await Scene.make(shared())),
    "a subscription": async () => namedSubscription(await Scene.make(shared())),
    "an entry": async () => namedEntry(await Scene.make(shared())),
  };

  for (const [kind, make] of Object.entries(kinds)) {
    promise(`counts the versions of ${kind} from 1, one for each change, and keeps them over a crash`, async () => {
      const { put, read, remove } = await make();
      expect(await put(1)).toMatchObject({ version: 1 });
      expect(await put(1)).toMatchObject({ version: 1 });
      expect(await put(2)).toMatchObject({ version: 2 });
      const last = await put(1);
      expect(last).toMatchObject({ version: 3 });
      await shared().crash();
      expect(await read()).toMatchObject({ n: 1, version: 3 });
      expect(await put(1, last)).toMatchObject({ version: 3 });
      expect(await put(4, last)).toMatchObject({ version: 4 });
      expect(await remove()).toBe(true);
      expect(await put(1)).toMatchObject({ version: 1 });
    });

    promise(`puts ${kind} only if the condition holds, and changes nothing otherwise`, async () => {
      const { put, read } = await make();
      await expect(put(1, { id: 1, version: 1 })).rejects.toMatchObject(failed);
      expect(await read()).toBeNull();
      const first = await put(1, "absent");
      expect(first).toMatchObject({ version: 1 });
      await expect(put(2, "absent")).rejects.toMatchObject(failed);
      // The condition is checked even when the put would change nothing.
      await expect(put(1, "absent")).rejects.toMatchObject(failed);
      for (const version of [0, 2]) await expect(put(2, { ...first, version })).rejects.toMatchObject(failed);
      expect(await read()).toMatchObject({ n: 1, version: 1 });
      expect(await put(1, first)).toMatchObject({ version: 1 });
      expect(await put(2, first)).toMatchObject({ version: 2 });
      expect(await read()).toMatchObject({ n: 2, version: 2 });
    });

    promise(`removes ${kind} only if the condition holds, and changes nothing otherwise`, async () => {
      const { put, read, remove } = await make();
      const first = await put(1);
      await expect(remove({ ...first, version: 2 })).rejects.toMatchObject(failed);
      const second = await put(2);
      await expect(remove(first)).rejects.toMatchObject(failed);
      expect(await read()).toMatchObject({ n: 2, version: 2 });
      expect(await remove(second)).toBe(true);
      expect(await read()).toBeNull();
      expect(await remove(second)).toBe(false);
    });

    promise(`tells ${kind} from an earlier one of its name that had the same version`, async () => {
      const { put, read, remove } = await make();
      const earlier = await put(1);
      await remove();
      await put(2);
      await expect(put(3, earlier)).rejects.toMatchObject(failed);
      await expect(remove(earlier)).rejects.toMatchObject(failed);
      expect(await read()).toMatchObject({ n: 2, version: 1 });
    });

    promise(`lets exactly one of many concurrent writes of ${kind} under one condition succeed`, async () => {
      const { put, read, remove } = await make();
      const race = async (condition: WriteCondition, version: number): Promise<Revision> => {
        const puts = await Promise.allSettled(Array.from({ length: WRITERS }, (_, n) => put(100 + n, condition)));
        const winners = puts.flatMap((result, n) => (result.status === "fulfilled" ? [{ n: 100 + n, version }] : []));
        expect(winners).toMatchObject([await read()].map((found) => ({ n: found?.n, version: found?.version })));
        for (const result of puts) if (result.status === "rejected") expect(result.reason).toMatchObject(failed);
        return (await read()) as Revision;
      };
      await race("absent", 1);
      const last = await race(await put(1), 3);
      const [didPut, didRemove] = await Promise.allSettled([put(2, last), remove(last)]);
      expect([didPut.status, didRemove.status].toSorted()).toEqual(["fulfilled", "rejected"]);
      await remove();
      await race("absent", 1);
    });
  }

  promise("changes the state of a subscription only if the condition is met", async () => {
    const scene = await Scene.make(shared());
    const first = await scene.subscribe("reader");
    const change = (state: StateChange, condition: WriteCondition) =>
      scene.store.catalog.setSubscriptionState(scene.topic.id, "reader", state, condition);
    const paused = await change("paused", first);
    expect(paused).toMatchObject({ state: "paused", version: 2 });
    await expect(change("active", first)).rejects.toMatchObject(failed);
    // The condition is checked even when the state would not change.
    await expect(change("paused", first)).rejects.toMatchObject(failed);
    expect(await scene.store.catalog.getSubscription(scene.topic.id, "reader")).toEqual(paused);
    expect(await change("active", paused as Revision)).toMatchObject({ state: "active", version: 3 });
  });

  promise("counts a change of a subscription's state as a version, and checks conditions against it", async () => {
    const scene = await Scene.make(shared());
    const { id } = await scene.subscribe("reader");
    const change = (state: "paused" | "active") =>
      scene.store.catalog.setSubscriptionState(scene.topic.id, "reader", state);
    const put = (maxInFlight: number, version: number) => {
      const condition = { id, version };
      return scene.store.catalog.putSubscription(scene.topic.id, "reader", settings({ maxInFlight }), "now", condition);
    };
    expect(await change("paused")).toMatchObject({ version: 2 });
    expect(await change("paused")).toMatchObject({ version: 2 });
    await expect(put(2, 1)).rejects.toMatchObject(failed);
    expect((await put(2, 2)).subscription).toMatchObject({ state: "paused", version: 3 });
    // A put and a change of state run concurrently. Either the put is first, or its condition is no longer met.
    for (let version = 3; version < 12;) {
      const [putResult, changed] = await Promise.allSettled([
        put(version, version),
        change(version % 2 === 0 ? "paused" : "active"),
      ]);
      if (changed.status === "rejected") throw changed.reason;
      if (putResult.status === "rejected") expect(putResult.reason).toMatchObject(failed);
      const now = await scene.store.catalog.getSubscription(scene.topic.id, "reader");
      const didChange = changed.value?.version !== version && changed.value?.version !== undefined;
      const changes = (putResult.status === "fulfilled" ? 1 : 0) + (didChange ? 1 : 0);
      expect(changes).toBeGreaterThan(0);
      expect(now?.settings.maxInFlight === version).toBe(putResult.status === "fulfilled");
      version = now?.version ?? 0;
    }
  });
}

function namedTopic(scene: Scene): Named {
  const { topic } = scene;
  const [account, name] = [topic.accountId, `${topic.name}-of-its-own`];
  return {
    put: async (n, condition) => {
      const wanted = topicSettings({ retentionMs: 60_000 + n });
      return (await scene.store.catalog.putTopic(account, name, wanted, condition)).topic;
    },
    async read() {
      const found = await scene.store.catalog.getTopic(account, name);
      return found && { ...found, n: found.settings.retentionMs - 60_000 };
    },
    remove: (condition) => scene.store.catalog.deleteTopic(account, name, condition),
  };
}

function namedSubscription(scene: Scene): Named {
  const { id } = scene.topic;
  return {
    put: async (n, condition) => {
      const wanted = settings({ maxInFlight: n });
      return (await scene.store.catalog.putSubscription(id, "reader", wanted, "now", condition)).subscription;
    },
    async read() {
      const found = await scene.store.catalog.getSubscription(id, "reader");
      return found && { ...found, n: found.settings.maxInFlight };
    },
    remove: (condition) => scene.store.catalog.deleteSubscription(id, "reader", condition),
  };
}

function namedEntry(scene: Scene): Named {
  const { accountId, name } = scene.topic;
  return {
    put: async (n, condition) => (await scene.store.entries.put(accountId, "hook", name, { n }, condition)).entry,
    async read() {
      const found = await scene.store.entries.get(accountId, "hook", name);
      return found && { ...found, n: (found.value as { readonly n: number }).n };
    },
    remove: (condition) => scene.store.entries.delete(accountId, "hook", name, condition),
  };
}
