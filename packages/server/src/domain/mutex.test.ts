import { expect, it } from "vitest";
import { Mutex } from "./mutex.ts";

it("runs one task at a time, in order, and continues after one that fails", async () => {
  const mutex = new Mutex(10);
  const seen: string[] = [];
  const work = (name: string) => async (): Promise<string> => {
    seen.push(`${name} begins`);
    await Promise.resolve();
    seen.push(`${name} ends`);
    if (name === "b") throw new Error("b failed");
    return name;
  };
  const results = await Promise.allSettled(["a", "b", "c"].map((name) => mutex.run(work(name))));
  expect(seen).toEqual(["a begins", "a ends", "b begins", "b ends", "c begins", "c ends"]);
  expect(results).toMatchObject([{ value: "a" }, { reason: { message: "b failed" } }, { value: "c" }]);
});

it("refuses tasks past its maximum", async () => {
  const mutex = new Mutex(2);
  const blocker = Promise.withResolvers<void>();
  const first = mutex.run(() => blocker.promise);
  const second = mutex.run(() => Promise.resolve());
  await expect(mutex.run(() => Promise.resolve())).rejects.toMatchObject({ code: "overloaded" });
  blocker.resolve();
  await Promise.all([first, second]);
  await mutex.run(() => Promise.resolve());
});
