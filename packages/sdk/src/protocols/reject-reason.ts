/** A reason is shown to people: as much as one chat message holds, in UTF-16 code units. The rest is cut. */
export const rejectReasonCharsMax = 4096;

/** `toWellFormed`, since JSON and the cut can leave half a character, which has no bytes to be shown in. */
export function shortReason(text: string): string {
  return text.slice(0, rejectReasonCharsMax).toWellFormed();
}
