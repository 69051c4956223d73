/**
 * Where a text stops being JSON (RFC 8259) and what could stand there. JSON.parse knows only sometimes, and says it in
 * V8's words; this runs after JSON.parse has refused, never before. No recursion: a text of brackets cannot overflow it.
 */
export interface JsonFault {
  /** UTF-16 index; the text's length when it ends too early. */
  readonly index: number;
  readonly expected: string;
}

const space = /[ \t\n\r]*/y;
const number = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y;
const word = /true|false|null/y;
// Runs of plain characters and whole escapes, in pieces: one repetition over megabytes would exhaust V8's regexp stack.
// oxlint-disable-next-line no-control-regex -- JSON forbids exactly these inside strings
const stringPiece = /[^"\\\u0000-\u001f]{1,1000}|\\(?:["\\/bfnrt]|u[\dA-Fa-f]{4})/y;

/** null when the text is JSON. */
export function findJsonFault(text: string): JsonFault | null {
  const open: ("{" | "[")[] = [];
  let at = 0;
  // What the grammar allows next. `first…`: right after an opening bracket, where the closing one may follow.
  let state: "value" | "firstItem" | "firstName" | "name" | "afterValue" = "value";

  for (;;) {
    at = skip(space, at);
    const char = text[at];
    switch (state) {
      case "afterValue": {
        const inside = open.at(-1);
        if (inside === undefined) return char === undefined ? null : fault("the end of the text");
        if (char === ",") state = inside === "{" ? "name" : "value";
        else if (char === (inside === "{" ? "}" : "]")) open.pop();
        else return fault(inside === "{" ? 'a comma or "}"' : 'a comma or "]"');
        at++;
        break;
      }
      case "firstName":
      case "name": {
        if (state === "firstName" && char === "}") {
          open.pop();
          state = "afterValue";
          at++;
          break;
        }
        if (char !== '"')
          return fault(
            state === "firstName" ? 'a member name in double quotes or "}"' : "a member name in double quotes",
          );
        const failed = string();
        if (failed !== null) return failed;
        at = skip(space, at);
        if (text[at] !== ":") return fault("a colon");
        at++;
        state = "value";
        break;
      }
      case "firstItem":
      case "value": {
        if (state === "firstItem" && char === "]") {
          open.pop();
          state = "afterValue";
          at++;
        } else if (char === "{" || char === "[") {
          open.push(char);
          state = char === "{" ? "firstName" : "firstItem";
          at++;
        } else if (char === '"') {
          const failed = string();
          if (failed !== null) return failed;
          state = "afterValue";
        } else {
          const end = Math.max(skip(number, at), skip(word, at));
          if (end === at) return fault(state === "firstItem" ? 'a value or "]"' : "a value");
          at = end;
          state = "afterValue";
        }
        break;
      }
    }
  }

  function fault(expected: string): JsonFault {
    return { index: at, expected };
  }

  function skip(pattern: RegExp, from: number): number {
    pattern.lastIndex = from;
    return pattern.test(text) ? pattern.lastIndex : from;
  }

  function string(): JsonFault | null {
    at++;
    for (;;) {
      const end = skip(stringPiece, at);
      if (end === at) break;
      at = end;
    }
    if (text[at] === '"') {
      at++;
      return null;
    }
    if (text[at] === undefined) return fault("the closing quote of a string");
    return fault(text[at] === "\\" ? "a valid escape" : "no unescaped control character inside a string");
  }
}
