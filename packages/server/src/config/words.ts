import { nearest } from "./nearest.ts";

/** What error lines say about keys and values. */

export function unknownKey(key: string, known: readonly string[]): string {
  const meant = nearest(key, known);
  return `unknown key ${show(key)}; ${meant === null ? `known here: ${known.join(", ")}` : `did you mean ${meant}?`}`;
}

const shownCharsMax = 80;

/** A value as it may stand in an error line: short, on one line, and with no control characters. */
export function show(value: unknown): string {
  const text = JSON.stringify(value) ?? "nothing";
  return text.length > shownCharsMax ? `${text.slice(0, shownCharsMax)}…` : text;
}
