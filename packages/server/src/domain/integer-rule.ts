import type { ErrorCode } from "./errors.ts";
import { RingbackError } from "./errors.ts";

export function assertInteger(code: ErrorCode, field: string, value: number, min: number, max: number): void {
  if (Number.isSafeInteger(value) && value >= min && value <= max) return;
  throw RingbackError.at(code, field, `must be a whole number from ${min} to ${max}`);
}
