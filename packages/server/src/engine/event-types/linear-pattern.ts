import { RE2JS } from "re2js";
import { RingbackError } from "../../domain/errors.ts";
import { eventTypeLimits as limits } from "../../domain/event-type-limits.ts";
import { spend } from "./step-budget.ts";

/** Steps that the match of one character costs besides the instructions of the pattern. */
const stepsPerChar = 16;

/**
 * Returns the size of the compiled pattern. Throws `invalid_schema` for a pattern that cannot be matched in linear
 * time, or that is too large.
 */
export function instructionsOf(pattern: string, pointer: string): number {
  const refuse = (fault: string): RingbackError =>
    RingbackError.at("invalid_schema", "schema", `at "${pointer.slice(0, 200)}": ${fault}`);
  if (pattern.length > limits.patternCharsMax) {
    throw refuse(`the pattern has more than ${limits.patternCharsMax} characters`);
  }
  let instructions: number;
  try {
    instructions = compiled(pattern).programSize();
  } catch (error) {
    const reason = error instanceof Error ? error.message : "";
    throw refuse(
      `the pattern is not a regular expression of RE2, which has no look-around and no back-references: ${reason}`,
    );
  }
  if (instructions <= limits.patternInstructionsMax) return instructions;
  throw refuse(`the pattern is too large: its repetitions amount to ${instructions} instructions`);
}

/** A pattern for ajv, in place of a RegExp. Takes time in proportion to the text, and counts it. */
export function linearPattern(pattern: string): { test: (text: string) => boolean; toString: () => string } {
  const regex = compiled(pattern);
  const stepsOfChar = stepsPerChar + regex.programSize();
  return {
    test(text) {
      spend((text.length + 1) * stepsOfChar);
      return regex.matcher(text).find();
    },
    toString: () => pattern,
  };
}

function compiled(pattern: string): RE2JS {
  return RE2JS.compile(RE2JS.translateRegExp(pattern));
}
