import { languageOf, type Language } from "./language.ts";
import { readTexts, type TextLine } from "./texts.ts";
import { readTokens, type Token } from "./tokens.ts";

/** A file of the repository. Tokens, texts and lines are each computed once, when a rule first needs them. */
export class SourceFile {
  /** From the root of the repository, with `/` between folders. */
  readonly path: string;
  readonly text: string;
  readonly language: Language;
  #tokens: readonly Token[] | undefined;
  #texts: readonly TextLine[] | undefined;
  #lines: readonly string[] | undefined;
  #lineStarts: readonly number[] | undefined;

  constructor(path: string, text: string) {
    this.path = path;
    this.text = text;
    this.language = languageOf(path);
  }

  /** Empty for all languages other than TypeScript and JavaScript. */
  get tokens(): readonly Token[] {
    return (this.#tokens ??= this.language === "typescript" ? readTokens(this.text) : []);
  }

  /** The text that people read: comments of code, prose and code blocks of Markdown. */
  get texts(): readonly TextLine[] {
    return (this.#texts ??= readTexts(this));
  }

  get lines(): readonly string[] {
    return (this.#lines ??= this.text.replace(/\n$/, "").split("\n"));
  }

  /** Returns the number of the line that contains this index of the text. The first line is 1. */
  lineAt(index: number): number {
    const starts = (this.#lineStarts ??= lineStarts(this.text));
    let low = 0;
    let high = starts.length;
    while (high - low > 1) {
      const middle = (low + high) >> 1;
      if ((starts[middle] as number) <= index) low = middle;
      else high = middle;
    }
    return low + 1;
  }
}

function lineStarts(text: string): number[] {
  const starts = [0];
  for (let end = text.indexOf("\n"); end !== -1; end = text.indexOf("\n", end + 1)) starts.push(end + 1);
  return starts;
}
