/**
 * Checks a limit when the receiver is created. A comparison with NaN would never reach the limit. Throws `RangeError`.
 */
export function wholeNumber(name: string, value: number, min: number, max: number): number {
  if (!Number.isSafeInteger(value) || value < min || value > max) {
    throw new RangeError(`${name}: not a whole number from ${min} to ${max}`);
  }
  return value;
}
