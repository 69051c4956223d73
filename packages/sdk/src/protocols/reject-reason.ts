import { cutText } from "./lenient-text.ts";

/** The longest reason that people are shown, in UTF-16 code units: one chat message. The rest is cut. */
export const rejectReasonCharsMax = 4096;
/**
 * The longest reason that a dialect reads. The endpoint's address is removed before the reason is shortened, so a
 * dialect must return more than is shown.
 */
export const readReasonCharsMax = 4 * rejectReasonCharsMax;

/**
 * Cuts a reason to the length that a dialect reads. `toWellFormed` replaces half a surrogate pair, which JSON and the
 * cut can leave.
 */
export function readReason(text: string): string {
  return text.slice(0, readReasonCharsMax).toWellFormed();
}

/** Cuts a reason to the length that people are shown, between two characters. */
export function shortReason(text: string): string {
  return cutText(text, rejectReasonCharsMax).toWellFormed();
}
