export type TokenKind = "word" | "comment" | "string" | "template" | "regex";

/** A piece of TypeScript or JavaScript. Numbers, operators and brackets are not kept: no rule needs them. */
export interface Token {
  readonly kind: TokenKind;
  /** The piece as written, with its quotes or comment marks. */
  readonly text: string;
  readonly index: number;
}

interface OpenTemplate {
  readonly index: number;
  /** The index of the template in the list of tokens. */
  readonly slot: number;
  braces: number;
}

const piece =
  /[A-Za-z_$\u0080-\uffff][\w$\u0080-\uffff]*|\/\/.*|\/\*[^]*?\*\/|"(?:[^"\\\n]|\\[^])*"|'(?:[^'\\\n]|\\[^])*'|[`{}/]/g;
const templatePart = /(?:[^`\\$]|\\[^]|\$(?!\{))*(?:`|\$\{)/y;
const regexLiteral = /\/(?:[^/\\[\n]|\\.|\[(?:[^\]\\\n]|\\.)*\])+\/[a-z]*/y;
/** Matches a text after which a slash begins a regular expression. After a value, a slash is a division. */
const beforeRegex =
  /(?:^|[^\w\s$)\]}"'`.]|\b(?:return|typeof|case|in|of|do|else|await|yield|throw|new|void|delete))\s*$/;
const beforeRegexChars = 40;

/**
 * Splits a source text into words, comments, strings, templates and regular expressions, in their order. A template is
 * one token, including its `${…}`. The tokens inside `${…}` follow separately.
 */
export function readTokens(text: string): Token[] {
  const tokens: Token[] = [];
  const templates: OpenTemplate[] = [];
  const scan = new RegExp(piece);
  const readTemplate = (template: OpenTemplate, from: number): void => {
    templatePart.lastIndex = from;
    const end = templatePart.test(text) ? templatePart.lastIndex : text.length;
    if (text[end - 1] === "{") templates.push(template);
    else tokens[template.slot] = { kind: "template", text: text.slice(template.index, end), index: template.index };
    scan.lastIndex = end;
  };
  for (let match = scan.exec(text); match !== null; match = scan.exec(text)) {
    const { 0: matched, index } = match;
    const inside = templates.at(-1);
    if (matched === "`") {
      tokens.push({ kind: "template", text: matched, index });
      readTemplate({ index, slot: tokens.length - 1, braces: 0 }, index + 1);
    } else if (matched === "{") {
      if (inside !== undefined) inside.braces += 1;
    } else if (matched === "}") {
      if (inside === undefined) continue;
      if (inside.braces > 0) {
        inside.braces -= 1;
      } else {
        templates.pop();
        readTemplate(inside, index + 1);
      }
    } else if (matched === "/") {
      const regex = regexAt(text, index);
      if (regex === null) continue;
      tokens.push({ kind: "regex", text: regex, index });
      scan.lastIndex = index + regex.length;
    } else {
      tokens.push({ kind: kindOf(matched), text: matched, index });
    }
  }
  return tokens;
}

function regexAt(text: string, index: number): string | null {
  if (!beforeRegex.test(text.slice(Math.max(0, index - beforeRegexChars), index))) return null;
  regexLiteral.lastIndex = index;
  return regexLiteral.exec(text)?.[0] ?? null;
}

function kindOf(matched: string): TokenKind {
  if (matched.startsWith("/")) return "comment";
  return matched.startsWith('"') || matched.startsWith("'") ? "string" : "word";
}
