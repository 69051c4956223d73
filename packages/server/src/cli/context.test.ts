import { expect, it } from "vitest";
import { exitAtNextSignal, terminalSize } from "./context.ts";
import { createFakeContext } from "./testing/fake-context.ts";

it.each([
  [
    { columns: 120, rows: 40 },
    { columns: 120, rows: 40 },
  ],
  [
    { columns: 0, rows: 0 },
    { columns: 80, rows: 24 },
  ],
  [{}, { columns: 80, rows: 24 }],
])("a terminal that says %j has the size %j", (said, size) => {
  expect(terminalSize({ write: () => undefined, ...said })).toEqual(size);
});

it("a command that is about to end exits at a second signal, but not when npm passes the first one on", () => {
  const context = createFakeContext();
  exitAtNextSignal(context);
  context.stop(2);
  expect(context.exits).toEqual([]);
  expect(() => context.stop(1000)).toThrow("exit");
});
