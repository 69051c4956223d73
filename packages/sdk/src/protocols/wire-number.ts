/** Numbers in headers and bodies. Ids are strings everywhere, because a JS number cannot represent 64 bits. */

import { UndecodableError, UnencodableError } from "./protocol.ts";

const UINT64_MAX = 2n ** 64n - 1n;
const decimalForm = /^(?:0|[1-9]\d{0,19})$/;
/** The last millisecond that a Date can represent. */
export const timeMsMax = 8_640_000_000_000_000;

function isUint64(text: string): boolean {
  return decimalForm.test(text) && (text.length < 20 || BigInt(text) <= UINT64_MAX);
}

/** Returns `id` if it is an unsigned 64-bit integer in decimal digits. */
export function outgoingId(part: string, id: string): string {
  if (!isUint64(id)) throw new UnencodableError(`${part}: not an unsigned 64-bit integer in decimal digits`);
  return id;
}

/** Returns `value` if it is an unsigned integer that prints as plain digits. */
export function outgoingInteger(part: string, value: number, max = Number.MAX_SAFE_INTEGER): number {
  if (!Number.isSafeInteger(value) || value < 0) throw new UnencodableError(`${part}: not an unsigned integer`);
  if (value > max) throw new UnencodableError(`${part}: larger than ${max}`);
  return value;
}

/** Reads an id from a string, or from a JSON number that is exact. */
export function incomingId(part: string, value: unknown): string {
  if (typeof value === "number") return String(incomingInteger(part, value, Number.MAX_SAFE_INTEGER));
  if (value === undefined) throw new UndecodableError(`${part}: missing`);
  if (typeof value !== "string" || !isUint64(value)) {
    throw new UndecodableError(`${part}: not an unsigned 64-bit integer in decimal digits`);
  }
  return value;
}

export function incomingInteger(part: string, value: unknown, max: number): number {
  if (value === undefined) throw new UndecodableError(`${part}: missing`);
  if (typeof value !== "number" || !Number.isSafeInteger(value) || value < 0) {
    throw new UndecodableError(`${part}: not an exact unsigned integer`);
  }
  if (value > max) throw new UndecodableError(`${part}: larger than ${max}`);
  return value;
}

/** Checks an integer as {@link incomingInteger} does, from the digits in a header. */
export function incomingDigits(part: string, value: string | undefined, max: number): number {
  if (value !== undefined && !decimalForm.test(value)) {
    throw new UndecodableError(`${part}: not an unsigned integer in decimal digits`);
  }
  return incomingInteger(part, value === undefined ? undefined : Number(value), max);
}

/** Checks an integer as {@link incomingInteger} does, from a JSON number or from a string of its digits. */
export function incomingIntegerOrDigits(part: string, value: unknown, max: number): number {
  return typeof value === "string" ? incomingDigits(part, value, max) : incomingInteger(part, value, max);
}

/** The number of an attempt, from the digits in a header. */
export function incomingAttempt(part: string, digits: string | undefined, max: number): number {
  const attempt = incomingDigits(part, digits, max);
  if (attempt < 1) throw new UndecodableError(`${part}: the first attempt is 1`);
  return attempt;
}
