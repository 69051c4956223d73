/** Types of messages (`invoice.payment_failed`) and the type patterns that subscriptions filter by: words between dots. */

import type { ErrorCode } from "./errors.ts";
import { RingbackError } from "./errors.ts";
import { limits } from "./limits.ts";
import { carriedTextFault, isLongerThanBytes } from "./text-rules.ts";

export function assertType(field: string, type: string): void {
  assertWords("invalid_type", field, type);
}

/** `*` and `#` are wildcards where they are a whole word, and ordinary characters within a word, as in AMQP. */
export function assertTypePatterns(field: string, patterns: readonly string[]): void {
  if (patterns.length > limits.typePatternsMax) {
    const fault = `holds ${patterns.length} patterns; at most ${limits.typePatternsMax} are allowed`;
    throw RingbackError.at("invalid_type_pattern", field, fault);
  }
  for (const [index, pattern] of patterns.entries()) assertWords("invalid_type_pattern", `${field}[${index}]`, pattern);
}

function assertWords(code: ErrorCode, field: string, text: string): void {
  const fault = isLongerThanBytes(text, limits.typeBytesMax)
    ? `must have 1 to ${limits.typeBytesMax} bytes`
    : carriedTextFault(text);
  if (fault !== null) throw RingbackError.at(code, field, fault);
  if (text.split(".").length > limits.typeWordsMax) {
    throw RingbackError.at(code, field, `must have at most ${limits.typeWordsMax} words between dots`);
  }
}
