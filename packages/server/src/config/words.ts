import { nearest } from "./nearest.ts";

/** Texts about keys and values for error messages. */

export function unknownKey(key: string, known: readonly string[]): string {
  const meant = nearest(key, known);
  return `unknown key ${show(key)}; ${meant === null ? `known here: ${known.join(", ")}` : `did you mean ${meant}?`}`;
}

const shownCharsMax = 80;

/** Returns a value as text for an error message: short, on one line and without control characters. */
export function show(value: unknown): string {
  const text = JSON.stringify(value) ?? "nothing";
  return text.length > shownCharsMax ? `${text.slice(0, shownCharsMax)}…` : text;
}
