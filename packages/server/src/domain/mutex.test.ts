import { expect, it } from "vitest";
import { Mutex } from "./mutex.ts";

it("runs one piece of work at a time, in order, and goes on after one that fails", async () => {
  const line = new Mutex(10);
  const seen: string[] = [];
  const work = (name: string) => async (): Promise<string> => {
    seen.push(`${name} begins`);
    await Promise.resolve();
    seen.push(`${name} ends`);
    if (name === "b") throw new Error("b failed");
    return name;
  };
  const results = await Promise.allSettled(["a", "b", "c"].map((name) => line.run(work(name))));
  expect(seen).toEqual(["a begins", "a ends", "b begins", "b ends", "c begins", "c ends"]);
  expect(results).toMatchObject([{ value: "a" }, { reason: { message: "b failed" } }, { value: "c" }]);
});

it("lets only so many wait", async () => {
  const line = new Mutex(2);
  const gate = Promise.withResolvers<void>();
  const first = line.run(() => gate.promise);
  const second = line.run(() => Promise.resolve());
  await expect(line.run(() => Promise.resolve())).rejects.toMatchObject({ code: "overloaded" });
  gate.resolve();
  await Promise.all([first, second]);
  await line.run(() => Promise.resolve());
});
