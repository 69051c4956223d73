/** A limit that is no number would never be passed, so what is set is looked at before anything is received. */
export function wholeNumber(name: string, value: number, min: number, max: number): number {
  if (!Number.isSafeInteger(value) || value < min || value > max) {
    throw new RangeError(`${name}: not a whole number from ${min} to ${max}`);
  }
  return value;
}
