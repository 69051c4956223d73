/**
 * Message types (`invoice.payment_failed`) and the patterns that subscriptions filter by. Both are words separated by
 * dots.
 */

import type { ErrorCode } from "./errors.ts";
import { RingbackError } from "./errors.ts";
import { limits } from "./limits.ts";
import { assertCount } from "./number-rules.ts";
import { headerTextFault, isLongerThanBytes } from "./text-rules.ts";

export function assertType(field: string, type: string): void {
  assertWords("invalid_type", field, type);
}

/** `*` and `#` are wildcards only as whole words; inside a word they are ordinary characters, as in AMQP. */
export function assertTypePatterns(field: string, patterns: readonly string[]): void {
  assertCount("invalid_type_pattern", field, patterns.length, limits.typePatternsMax, "patterns");
  for (const [index, pattern] of patterns.entries()) assertTypePattern(`${field}[${index}]`, pattern);
}

export function assertTypePattern(field: string, pattern: string): void {
  assertWords("invalid_type_pattern", field, pattern);
}

function assertWords(code: ErrorCode, field: string, text: string): void {
  const fault = isLongerThanBytes(text, limits.typeBytesMax)
    ? `must have 1 to ${limits.typeBytesMax} bytes`
    : headerTextFault(text);
  if (fault !== null) throw RingbackError.at(code, field, fault);
  if (text.split(".").length > limits.typeWordsMax) {
    throw RingbackError.at(code, field, `must have at most ${limits.typeWordsMax} words separated by dots`);
  }
}
