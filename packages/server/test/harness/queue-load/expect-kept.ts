import { expect } from "vitest";
import type { QueueLoadReport } from "./run.ts";

/** Behind those that wait already, and for a process that begins; far more than it takes. */
const cameBackAfterMsMax = 8_000;

export function expectKept(report: QueueLoadReport, atLeast: { readonly sent: number }): void {
  const { lost, early, strange } = report;
  expect({ lost, early, strange }).toEqual({ lost: [], early: [], strange: [] });
  expect(report.cameBackAfterMsMax).toBeLessThan(cameBackAfterMsMax);
  // That it was a test at all.
  expect(report.sent).toBeGreaterThanOrEqual(atLeast.sent);
  expect(report.cameBack).toBeGreaterThan(0);
  expect(report.receives).toBeGreaterThan(report.sent);
}
