import type { RE2JS } from "@bufbuild/re2";
import { limits } from "../domain/limits.ts";
import { celLibrary } from "./cel-library.ts";

interface Compiled {
  readonly regex: RE2JS;
  /** Steps for each character of a text. */
  readonly stepsPerChar: number;
}

/** The regular expressions of one expression. RE2 takes time in proportion to the text, whatever the expression. */
export class Regexes {
  readonly #compiled = new Map<string, Compiled>();

  /** Returns what is wrong with the regular expression; null: nothing, and it is compiled. */
  add(pattern: string): string | null {
    if (pattern.length > limits.regexCharsMax) {
      return `the regular expression has ${pattern.length} characters; at most ${limits.regexCharsMax} are allowed`;
    }
    try {
      const regex = celLibrary().RE2JS.compile(pattern);
      const instructions = instructionsOf(regex);
      if (instructions > limits.regexInstructionsMax) return "the regular expression is too large once compiled";
      this.#compiled.set(pattern, { regex, stepsPerChar: 1 + instructions / 2 });
      return null;
    } catch (error) {
      return `the regular expression is not one of RE2: ${error instanceof Error ? error.message : String(error)}`;
    }
  }

  cost(pattern: string, text: string): number {
    return Math.ceil(text.length * (this.#compiled.get(pattern)?.stepsPerChar ?? 0));
  }

  /** Returns undefined for a pattern that was not added. */
  test(pattern: string, text: string): boolean | undefined {
    return this.#compiled.get(pattern)?.regex.test(text);
  }
}

function instructionsOf(regex: RE2JS): number {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the package has no type for the compiled program
  const { prog } = regex.re2() as unknown as { readonly prog: { readonly inst: readonly unknown[] } };
  return prog.inst.length;
}
