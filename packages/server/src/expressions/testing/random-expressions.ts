import * as fc from "fast-check";

/** Expressions of any form: mostly valid ones over the variables of a message, and some that are only noise. */
const variables = ["data", "data.a", "data.list", "data.map", "data.text", "data.big", "type", "tags", "attributes"];
const others = ["id", "time", "x", "y", "int", "duration('1s')"];
const numbers = ["1", "0", "-1", "2.5", "9223372036854775807", "18446744073709551615u"];
const constants = ["true", "false", "null", "'a'", "''", "'\\u00e9'", "b'ab'", "'%s %d'"];
const lists = ["[]", "{}", "[1, 'a', 2.0]", "{'k': 1}"];
const leaf = named([...variables, ...others, ...numbers, ...constants, ...lists]);
const binary = ["+", "-", "*", "/", "%", "==", "!=", "<", "<=", ">", ">=", "&&", "||", "in"];
const macros = ["map", "filter", "all", "exists", "exists_one"];
const methods = [
  "startsWith",
  "endsWith",
  "contains",
  "indexOf",
  "lastIndexOf",
  "split",
  "join",
  "replace",
  "substring",
];
const furtherMethods = ["matches", "format", "charAt", "getFullYear", "getHours", "size", "lowerAscii", "trim"];
const functions = ["size", "string", "int", "uint", "double", "bool", "bytes", "type", "timestamp", "duration", "dyn"];
const patterns = ["'a+b'", "'(a|b)*c$'", "'^(?:.*a){12}$'", "'[a-z]{1,50}'", "'('", "'\\\\pL+'"];

export const expressions = fc.letrec<{ expression: string }>((tie) => {
  const inner = tie("expression");
  return {
    expression: fc.oneof(
      { maxDepth: 6, depthSize: "large" },
      { arbitrary: leaf, weight: 4 },
      { arbitrary: fc.tuple(inner, named(binary), inner).map(([a, by, b]) => `(${a} ${by} ${b})`), weight: 5 },
      {
        arbitrary: fc
          .tuple(inner, named(macros), fc.constantFrom("x", "y"), inner)
          .map(([range, macro, name, body]) => `${range}.${macro}(${name}, ${body})`),
        weight: 5,
      },
      {
        arbitrary: fc
          .tuple(inner, named([...methods, ...furtherMethods]), fc.array(inner, { maxLength: 2 }))
          .map(([target, name, args]) => `${target}.${name}(${args.join(", ")})`),
        weight: 3,
      },
      { arbitrary: fc.tuple(inner, named(patterns)).map(([a, pattern]) => `${a}.matches(${pattern})`), weight: 1 },
      { arbitrary: fc.tuple(named(functions), inner).map(([name, a]) => `${name}(${a})`), weight: 2 },
      { arbitrary: fc.tuple(inner, inner, inner).map(([a, b, c]) => `(${a} ? ${b} : ${c})`), weight: 1 },
      { arbitrary: fc.array(inner, { maxLength: 4 }).map((items) => `[${items.join(", ")}]`), weight: 1 },
      { arbitrary: fc.tuple(inner, inner).map(([a, b]) => `{'k': ${a}, 'l': ${b}}`), weight: 1 },
      { arbitrary: fc.tuple(inner, inner).map(([a, b]) => `${a}[${b}]`), weight: 1 },
      { arbitrary: inner.map((a) => `has(${a}.a)`), weight: 1 },
      { arbitrary: inner.map((a) => `!${a}`), weight: 1 },
      { arbitrary: fc.string({ maxLength: 30 }), weight: 1 },
    ),
  };
}).expression;

const values = fc.oneof(
  fc.json({ maxDepth: 3 }),
  fc.constantFrom(
    `{"a": 1, "list": [${"1, ".repeat(400)}2], "map": {"k": [1, 2]}, "text": "${"ab".repeat(1_000)}"}`,
    `{"a": "${"x".repeat(3_000)}", "list": ["a", "b"], "big": 123456789012345678901234567890, "text": "abc"}`,
    `{"list": [${'{"k": "v", "l": [1, 2, 3]}, '.repeat(60)}null], "a": 1e300, "text": ""}`,
    `${"[".repeat(300)}${"]".repeat(300)}`,
  ),
);

function named(names: readonly string[]): fc.Arbitrary<string> {
  return fc.constantFrom(...names);
}

/** Bodies of messages: JSON of many forms, and bytes that are none. */
export const bodies = fc.oneof(
  { arbitrary: values.map((text): Uint8Array => Buffer.from(text)), weight: 9 },
  { arbitrary: fc.uint8Array({ maxLength: 50 }), weight: 1 },
);
