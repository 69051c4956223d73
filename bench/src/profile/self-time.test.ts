import { expect, it } from "vitest";
import { selfTimes } from "./self-time.ts";

const frame = (functionName: string, url: string, lineNumber = -1) => ({
  functionName,
  url,
  lineNumber,
  columnNumber: 0,
});

it("adds up the self time per function and per source, without the idle time", () => {
  const summary = selfTimes({
    nodes: [
      { id: 1, callFrame: frame("(idle)", "") },
      { id: 2, callFrame: frame("encode", "file:///home/x/repo/packages/sdk/src/protocols/raw.ts", 9) },
      { id: 3, callFrame: frame("write", "file:///home/x/repo/node_modules/undici/lib/core/request.js", 4) },
      // The same function with another caller.
      { id: 4, callFrame: frame("encode", "file:///home/x/repo/packages/sdk/src/protocols/raw.ts", 9) },
      { id: 5, callFrame: frame("writev", "") },
      { id: 6, callFrame: frame("(garbage collector)", "") },
    ],
    samples: [2, 1, 3, 4, 5, 6],
    timeDeltas: [999, 1000, 5000, 2000, 3000, 500, 1500],
  });
  expect(summary.idleMs).toBe(5);
  expect(summary.busyMs).toBe(8);
  expect(summary.functions.map(({ name, ms }) => [name, ms])).toEqual([
    ["encode  packages/sdk/src/protocols/raw.ts:10", 4],
    ["write  undici/lib/core/request.js:5", 2],
    ["(garbage collector)", 1.5],
    ["writev", 0.5],
  ]);
  expect(summary.sources.map(({ name, share }) => [name, share])).toEqual([
    ["packages/sdk/src/protocols/raw.ts", 0.5],
    ["undici", 0.25],
    ["(garbage collector)", 0.1875],
    ["(native)", 0.0625],
  ]);
});

it("is empty for a profile without samples", () => {
  expect(selfTimes({ nodes: [] })).toEqual({ busyMs: 0, idleMs: 0, functions: [], sources: [] });
});
