import type { RE2JS } from "@bufbuild/re2";
import { limits } from "../domain/limits.ts";
import { celLibrary } from "./cel-library.ts";

interface Compiled {
  readonly regex: RE2JS;
  /** Steps for each character of a text. */
  readonly stepsPerChar: number;
}

const ignoresCase = /\(\?[a-z-]*i/i;
/** With the flag i, the library takes some 15 ms for each of these, and stores nothing of what it finds. */
const wideClass = /\\p|-(?:\\x\{|\P{ASCII})/iu;

/** The regular expressions of one expression. RE2 takes time in proportion to the text, whatever the expression. */
export class Regexes {
  readonly #compiled = new Map<string, Compiled>();
  #parts = 0;

  /** Instructions and ranges of characters of all programs. */
  get parts(): number {
    return this.#parts;
  }

  /** Returns what is wrong with the regular expression; null: nothing, and it is compiled. */
  add(pattern: string): string | null {
    if (pattern.length > limits.regexCharsMax) {
      return `the regular expression has ${pattern.length} characters; at most ${limits.regexCharsMax} are allowed`;
    }
    if (ignoresCase.test(pattern) && wideClass.test(pattern)) {
      return "a regular expression with the flag i cannot have classes such as \\pL, or ranges up to a letter beyond ASCII";
    }
    try {
      const regex = celLibrary().RE2JS.compile(pattern);
      const { instructions, ranges } = sizeOf(regex);
      if (instructions > limits.regexInstructionsMax) return "the regular expression is too large once compiled";
      if (!this.#compiled.has(pattern)) this.#parts += instructions + ranges;
      if (this.#parts > limits.regexPartsMax) {
        return "the regular expressions have too many classes of characters, such as \\pL, once compiled";
      }
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

interface Instruction {
  /** First and last character of each range. */
  readonly runes: readonly number[];
}

function sizeOf(regex: RE2JS): { readonly instructions: number; readonly ranges: number } {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the package has no type for the compiled program
  const { prog } = regex.re2() as unknown as { readonly prog: { readonly inst: readonly Instruction[] } };
  // Repetitions of a class share its ranges.
  const shared = new Set(prog.inst.map(({ runes }) => runes));
  const numbers = [...shared].reduce((sum, runes) => sum + runes.length, 0);
  return { instructions: prog.inst.length, ranges: Math.ceil(numbers / 2) };
}
