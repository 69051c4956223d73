import { fileRule } from "../rule.ts";

/**
 * Matches the text after a modifier: a member's name or another modifier. Constructors are allowed, because only the
 * modifier can make a constructor private.
 */
const member = /^\s+(?!constructor\b)[\w$[]/;
const charsRead = 20;

export const privateMembers = fileRule("private members", "`#name` instead of `private name`", function* (file) {
  for (const { kind, text, index } of file.tokens) {
    if (kind !== "word" || text !== "private") continue;
    const end = index + text.length;
    if (!member.test(file.text.slice(end, end + charsRead))) continue;
    const sentence = "`private` holds for the compiler alone; a name with `#` is private at run time, too";
    yield { path: file.path, line: file.lineAt(index), sentence };
  }
});
