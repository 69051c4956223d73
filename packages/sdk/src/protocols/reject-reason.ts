/** A reason is shown to people: as much as one chat message holds, in UTF-16 code units. The rest is cut. */
export const rejectReasonCharsMax = 4096;
/**
 * What a dialect reads of a reason. Who shows it takes the endpoint's address out before the rest is cut, and has to see
 * the whole address for that.
 */
export const readReasonCharsMax = 4 * rejectReasonCharsMax;

/** As much of the text as a dialect reads. `toWellFormed`, since JSON and the cut can leave half a character. */
export function readReason(text: string): string {
  return text.slice(0, readReasonCharsMax).toWellFormed();
}

/** As much of the text as people are shown, cut between two characters. */
export function shortReason(text: string): string {
  const short = text.slice(0, rejectReasonCharsMax);
  return (short.length < text.length && /[\ud800-\udbff]$/.test(short) ? short.slice(0, -1) : short).toWellFormed();
}
