/** How an inbox verifies that a request comes from the sender that the inbox is for. */

import { RingbackError } from "./errors.ts";
import type { SealedText } from "./endpoint-access.ts";

/** Each method is the rule of one standard or of one sender. */
export const verificationMethods = ["standard-webhooks", "github", "stripe", "token"] as const;
export type VerificationMethod = (typeof verificationMethods)[number];

export interface InboxVerification {
  readonly method: VerificationMethod;
  /**
   * A request is valid with any of the secrets, so that a secret can be replaced while senders still use the old one.
   * The list is sealed before it is stored.
   */
  readonly secrets: readonly string[] | SealedText;
  /** The largest difference between a signed timestamp and the machine's clock, in either direction. */
  readonly toleranceMs: number;
  /** The header that contains the token; null: `Authorization: Bearer` or the query parameter contains the token. */
  readonly header: string | null;
  /** The query parameter that contains the token; null: a header contains the token. */
  readonly query: string | null;
}

/** Checks the rules that concern several settings. Throws `RingbackError` with the field that is wrong. */
export function assertVerification({ method, header, query }: InboxVerification): void {
  if (method !== "token" && header !== null) throw fault("header", 'must be left out: only the method "token" has it');
  if (method !== "token" && query !== null) throw fault("query", 'must be left out: only the method "token" has it');
  if (header !== null && query !== null) throw fault("query", "must be left out, because verify.header is set");
  if (header?.toLowerCase() === "authorization") {
    throw fault("header", "must be left out: without it, the token is expected in `Authorization: Bearer`");
  }
}

function fault(member: "header" | "query", sentence: string): RingbackError {
  return RingbackError.at("invalid_request", `verify.${member}`, sentence);
}
