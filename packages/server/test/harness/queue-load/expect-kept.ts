import { expect } from "vitest";
import type { QueueLoadReport } from "./run.ts";

export function expectKept(report: QueueLoadReport, atLeast: { readonly sent: number }): void {
  const { lost, early, strange } = report;
  expect({ lost, early, strange }).toEqual({ lost: [], early: [], strange: [] });
  // Otherwise the run was too short to prove anything.
  expect(report.sent).toBeGreaterThanOrEqual(atLeast.sent);
  expect(report.cameBack).toBeGreaterThan(0);
  expect(report.receives).toBeGreaterThan(report.sent);
}
