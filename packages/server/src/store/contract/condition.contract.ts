import { expect } from "vitest";
import type { PutCondition } from "../condition.ts";
import type { Part } from "./part.ts";
import { Scene, settings, topicSettings } from "./fixtures.ts";

const failed = { code: "precondition_failed" };
const WRITERS = 8;

/** A thing that is put by name. `put` writes a value that differs for each `n`. */
interface Named {
  readonly put: (n: number, condition?: PutCondition) => Promise<{ readonly version: number }>;
  readonly read: () => Promise<{ readonly n: number; readonly version: number } | null>;
  readonly remove: () => Promise<boolean>;
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
      expect(await put(1)).toMatchObject({ version: 3 });
      await shared().crash();
      expect(await read()).toEqual({ n: 1, version: 3 });
      expect(await put(1)).toMatchObject({ version: 3 });
      expect(await put(4)).toMatchObject({ version: 4 });
      expect(await remove()).toBe(true);
      expect(await put(1)).toMatchObject({ version: 1 });
    });

    promise(`puts ${kind} only if the condition holds, and changes nothing otherwise`, async () => {
      const { put, read } = await make();
      await expect(put(1, { version: 1 })).rejects.toMatchObject(failed);
      expect(await read()).toBeNull();
      expect(await put(1, "absent")).toMatchObject({ version: 1 });
      await expect(put(2, "absent")).rejects.toMatchObject(failed);
      // The condition is checked even when the put would change nothing.
      await expect(put(1, "absent")).rejects.toMatchObject(failed);
      for (const version of [0, 2]) await expect(put(2, { version })).rejects.toMatchObject(failed);
      expect(await read()).toEqual({ n: 1, version: 1 });
      expect(await put(1, { version: 1 })).toMatchObject({ version: 1 });
      expect(await put(2, { version: 1 })).toMatchObject({ version: 2 });
      expect(await read()).toEqual({ n: 2, version: 2 });
    });

    promise(`lets exactly one of many concurrent puts of ${kind} under one condition succeed`, async () => {
      const { put, read, remove } = await make();
      const race = async (condition: PutCondition, version: number): Promise<void> => {
        const puts = await Promise.allSettled(Array.from({ length: WRITERS }, (_, n) => put(100 + n, condition)));
        const winners = puts.flatMap((result, n) => (result.status === "fulfilled" ? [{ n: 100 + n, version }] : []));
        expect(winners).toEqual([await read()]);
        for (const result of puts) if (result.status === "rejected") expect(result.reason).toMatchObject(failed);
      };
      await race("absent", 1);
      await put(1);
      await race({ version: 2 }, 3);
      await remove();
      await race("absent", 1);
    });
  }

  promise("counts a change of a subscription's state as a version, and checks conditions against it", async () => {
    const scene = await Scene.make(shared());
    await scene.subscribe("reader");
    const change = (state: "paused" | "active") =>
      scene.store.catalog.setSubscriptionState(scene.topic.id, "reader", state);
    const put = (maxInFlight: number, version: number) =>
      scene.store.catalog.putSubscription(scene.topic.id, "reader", settings({ maxInFlight }), "now", { version });
    expect(await change("paused")).toMatchObject({ version: 2 });
    expect(await change("paused")).toMatchObject({ version: 2 });
    await expect(put(2, 1)).rejects.toMatchObject(failed);
    expect((await put(2, 2)).subscription).toMatchObject({ state: "paused", version: 3 });
    // A concurrent put and change of state: either the put is first, or its condition no longer holds.
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
      return found && { n: found.settings.retentionMs - 60_000, version: found.version };
    },
    remove: () => scene.store.catalog.deleteTopic(account, name),
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
      return found && { n: found.settings.maxInFlight, version: found.version };
    },
    remove: () => scene.store.catalog.deleteSubscription(id, "reader"),
  };
}

function namedEntry(scene: Scene): Named {
  const { accountId, name } = scene.topic;
  return {
    put: async (n, condition) => (await scene.store.entries.put(accountId, "hook", name, { n }, condition)).entry,
    async read() {
      const found = await scene.store.entries.get(accountId, "hook", name);
      return found && { n: (found.value as { readonly n: number }).n, version: found.version };
    },
    remove: () => scene.store.entries.delete(accountId, "hook", name),
  };
}
