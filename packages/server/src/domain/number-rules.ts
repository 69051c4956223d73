import type { ErrorCode } from "./errors.ts";
import { RingbackError } from "./errors.ts";

export function assertCount(code: ErrorCode, field: string, count: number, max: number, noun: string): void {
  if (count > max) throw RingbackError.at(code, field, `has ${count} ${noun}; at most ${max} are allowed`);
}

export function assertInteger(code: ErrorCode, field: string, value: number, min: number, max: number): void {
  if (Number.isSafeInteger(value) && value >= min && value <= max) return;
  throw RingbackError.at(code, field, `must be a whole number from ${min} to ${max}`);
}
