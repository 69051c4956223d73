import { RingbackError } from "./errors.ts";
import { limits } from "./limits.ts";

const nameForm = /^[A-Za-z0-9][A-Za-z0-9._-]*$/;

/** Names of topics, subscriptions and whatever else is put by name. */
export function isName(text: string): boolean {
  return text.length <= limits.nameCharsMax && nameForm.test(text);
}

/** Two names are the same but for the case of A to Z when this makes them one. */
export function foldCase(name: string): string {
  return name.replaceAll(/[A-Z]/g, (letter) => letter.toLowerCase());
}

export function assertName(field: string, text: string): void {
  if (isName(text)) return;
  throw RingbackError.at(
    "invalid_name",
    field,
    `must begin with a letter or digit and hold only letters, digits, ".", "_" and "-", at most ${limits.nameCharsMax} characters (a-z, A-Z, 0-9)`,
  );
}
