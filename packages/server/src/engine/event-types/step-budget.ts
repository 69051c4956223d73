import { eventTypeLimits } from "../../domain/event-type-limits.ts";

/** The check of a body costs more steps than it may. */
export class BudgetSpent extends Error {
  override readonly name = "BudgetSpent";
}

/** Steps that the running check may still use. One number is enough, because a check runs without interruption. */
let left = 0;

/** Runs a check within the limit. Throws `BudgetSpent`. Returns what the check returns, and the steps that it used. */
export function withinBudget<T>(check: () => T): { readonly result: T; readonly steps: number } {
  left = eventTypeLimits.checkStepsMax;
  return { result: check(), steps: eventTypeLimits.checkStepsMax - left };
}

export function spend(steps: number): void {
  left -= steps;
  if (left < 0) throw new BudgetSpent();
}

/** The cost of looking at the whole of a value once: its items, its members, or its characters. */
export function stepsOfValue(value: unknown): number {
  if (typeof value === "string") return value.length >> 4;
  if (Array.isArray(value)) return value.length >> 2;
  return typeof value === "object" && value !== null ? Object.keys(value).length : 0;
}
