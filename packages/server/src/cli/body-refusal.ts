import type { BodyFault } from "@ringback/sdk/protocols";

/** Says why a body is refused. Throws for a sender that has disconnected, because nobody reads an answer. */
export function bodyRefusal(fault: BodyFault, bytesMax: number): string {
  if (fault === "incomplete") throw new Error("the sender has disconnected");
  return fault === "too_many_pieces"
    ? "the body has too many chunks of a few bytes"
    : `the body has more than ${bytesMax} bytes`;
}
