/** Checks a limit when the receiver is created, because no number is greater than NaN. Throws `RangeError`. */
export function wholeNumber(name: string, value: number, min: number, max: number): number {
  if (!Number.isSafeInteger(value) || value < min || value > max) {
    throw new RangeError(`${name}: not a whole number from ${min} to ${max}`);
  }
  return value;
}
