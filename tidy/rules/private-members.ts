import { fileRule } from "../rule.ts";

/** A modifier stands before the member's name or another modifier. A constructor cannot be private in any other way. */
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
