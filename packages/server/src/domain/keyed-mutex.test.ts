import { expect, it } from "vitest";
import { KeyedMutex } from "./keyed-mutex.ts";

it("runs tasks of one key in order, even after a failure, and delays no other key", async () => {
  const mutex = new KeyedMutex();
  const order: string[] = [];
  const first = Promise.withResolvers<void>();
  const results = Promise.allSettled([
    mutex.run("a", async () => {
      await first.promise;
      order.push("a1");
      throw new Error("a1");
    }),
    mutex.run("a", async () => order.push("a2")),
    mutex.run("b", async () => order.push("b1")),
  ]);
  await new Promise((resolve) => setImmediate(resolve));
  expect(order).toEqual(["b1"]);
  first.resolve();
  expect((await results).map(({ status }) => status)).toEqual(["rejected", "fulfilled", "fulfilled"]);
  expect(order).toEqual(["b1", "a1", "a2"]);
});

it("forgets a key when its last task has ended", async () => {
  const mutex = new KeyedMutex();
  const tasks = ["a", "a", "b"].map((key) => mutex.run(key, async () => {}));
  expect(mutex.size).toBe(2);
  await Promise.all(tasks);
  expect(mutex.size).toBe(0);
});
