import { cutText } from "./lenient-text.ts";

/**
 * The longest reason that people are shown, in UTF-16 code units. A longer reason is cut to this length, which fits
 * into one chat message.
 */
export const rejectReasonCharsMax = 4096;
/**
 * The longest reason that a dialect reads. The endpoint's address is removed before the reason is shortened, so a
 * dialect must return more than is shown.
 */
export const readReasonCharsMax = 4 * rejectReasonCharsMax;

/**
 * Cuts a reason to the length that a dialect reads. JSON and the cut can leave half of a surrogate pair, which
 * `toWellFormed` replaces.
 */
export function readReason(text: string): string {
  return text.slice(0, readReasonCharsMax).toWellFormed();
}

/** Cuts a reason to the length that people are shown, between two characters. */
export function shortReason(text: string): string {
  return cutText(text, rejectReasonCharsMax).toWellFormed();
}
