import type { Language } from "./language.ts";
import type { Token } from "./tokens.ts";

/** One line that people read, without comment marks. */
export interface TextLine {
  readonly line: number;
  readonly text: string;
  readonly kind: "comment" | "prose" | "code block";
  /** True for the first line of a comment; consecutive `//`, `--` or `#` lines are one comment. */
  readonly isFirst: boolean;
}

/** Documents that programs generate from texts that the rules read elsewhere. */
const generated = /^docs\/reference\/|\/generated\/|^bench\/results\/(?!README\.md$)/;

interface Source {
  readonly path: string;
  readonly language: Language;
  readonly tokens: readonly Token[];
  readonly lines: readonly string[];
  lineAt(index: number): number;
}

export function readTexts(file: Source): TextLine[] {
  if (generated.test(file.path)) return [];
  if (file.language === "typescript") return [...typescriptComments(file)];
  if (file.language === "sql") return [...lineComments(file, /(?<!\S)--\s?(.*)$/)];
  if (file.language === "script") return [...lineComments(file, /(?<!\S)#(?!!)\s?(.*)$/)];
  return file.language === "markdown" ? [...markdown(file)] : [];
}

function* typescriptComments(file: Source): Generator<TextLine> {
  let previousEnd = -1;
  for (const token of file.tokens) {
    if (token.kind !== "comment") continue;
    const isLineComment = token.text.startsWith("//");
    const first = file.lineAt(token.index);
    const isWholeLine = isLineComment && (file.lines[first - 1] as string).trimStart().startsWith("//");
    const lines = isLineComment ? [token.text.slice(2)] : token.text.slice(2, -2).split("\n");
    let isFirst = !(isWholeLine && first === previousEnd + 1);
    for (const [offset, marked] of lines.entries()) {
      const text = marked.replace(/^\s*\*?\s?/, "").trimEnd();
      if (text === "") continue;
      yield { line: first + offset, text, kind: "comment", isFirst };
      isFirst = false;
    }
    previousEnd = isWholeLine ? first : -1;
  }
}

function* lineComments(file: Source, comment: RegExp): Generator<TextLine> {
  let previous = -1;
  for (const [index, line] of file.lines.entries()) {
    const match = comment.exec(line);
    if (match === null) continue;
    const isWholeLine = line.slice(0, match.index).trim() === "";
    const text = (match[1] as string).trimEnd();
    if (text !== "") yield { line: index + 1, text, kind: "comment", isFirst: !isWholeLine || previous !== index };
    previous = isWholeLine ? index + 1 : -1;
  }
}

function* markdown(file: Source): Generator<TextLine> {
  let fence: string | null = null;
  for (const [index, text] of file.lines.entries()) {
    const mark = /^\s*(`{3,}|~{3,})/.exec(text)?.[1];
    if (mark !== undefined && (fence === null || mark === fence)) fence = fence === null ? mark : null;
    else yield { line: index + 1, text, kind: fence === null ? "prose" : "code block", isFirst: false };
  }
}
