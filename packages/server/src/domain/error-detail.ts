import { limits } from "./limits.ts";

/**
 * Returns the text as one line that every database can store. Details come from other programs, such as a certificate's
 * names or a reply's bytes, so they can contain anything.
 */
export function errorDetail(text: string): string {
  const line = text.slice(0, 4 * limits.errorDetailCharsMax).replaceAll(/[\p{Cc}\p{Zl}\p{Zp}\s]+/gu, " ");
  return line.trim().slice(0, limits.errorDetailCharsMax).toWellFormed();
}
