import { RingbackError } from "./errors.ts";
import { limits } from "./limits.ts";

/** Names of topics, subscriptions and every other resource that is created under a name. */
export const nameForm = new RegExp(`^[A-Za-z0-9][A-Za-z0-9._-]{0,${limits.nameCharsMax - 1}}$`);

export function isName(text: string): boolean {
  return nameForm.test(text);
}

/** Changes A to Z to lower case, so that names that differ only in case become equal. */
export function foldCase(name: string): string {
  return name.replaceAll(/[A-Z]/g, (letter) => letter.toLowerCase());
}

export function assertName(field: string, text: string): void {
  if (isName(text)) return;
  const characters = 'letters, digits (a-z, A-Z, 0-9), ".", "_" and "-"';
  const rule = `must begin with a letter or digit and contain only ${characters}`;
  throw RingbackError.at("invalid_name", field, `${rule}, at most ${limits.nameCharsMax} characters`);
}
