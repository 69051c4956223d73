import { limits } from "../domain/limits.ts";
import { ExpressionError } from "./expression-error.ts";

/**
 * The steps that the running evaluation has left. One number is enough, because an evaluation never waits. The error
 * is thrown and not returned, because `||` and `&&` of CEL ignore the errors that a function returns.
 */
let left = 0;

/** `parts`: of the expression; each part outside of a macro is evaluated once at most. */
export function startSteps(parts: number): void {
  left = limits.expressionStepsMax - parts;
}

/** Steps that the evaluation has used since `startSteps`. */
export function usedSteps(): number {
  return limits.expressionStepsMax - left;
}

/** Throws when the evaluation has no steps left. */
export function useSteps(steps: number): void {
  left -= steps;
  if (left >= 0) return;
  // Later calls of the same evaluation must fail too.
  left = -1;
  throw new ExpressionError("the expression takes too long for this message");
}
