import { expect, test } from "vitest";
import type { Seq, TopicId } from "../domain/model.ts";
import { compileWhere } from "./where.ts";
import { ExpressionError } from "./expression-error.ts";

const message = (body: string, others = {}) => ({
  topicId: 1 as TopicId,
  seq: 5 as Seq,
  type: "invoice.paid",
  tags: ["eu"],
  attributes: { tier: "gold" },
  body: Buffer.from(body),
  publishedAtMs: Date.UTC(2026, 0, 31, 8),
  ...others,
});

test.for([
  ["data.amount > 100 && type.startsWith('invoice.')", true],
  ["data.amount > 100.5", true],
  ["data.customer.vip", false],
  ["'eu' in tags", true],
  ["attributes.tier == 'gold'", true],
  ["has(data.nothing)", false],
  ["has(data.none) && data.none == null", true],
  ["data.lines.exists(line, line.sku == 'b')", true],
  ["data.lines.map(line, line.sku) == ['a', 'b']", true],
  ["data.id == 12345678901234567890u", true],
  ["data.ids[0] == 9007199254740993", true],
  ["time >= timestamp('2026-01-01T00:00:00Z')", true],
  ["time.getFullYear() == 2026", true],
  ["type.matches('^invoice[.][a-z]+$')", true],
  ["type.matches('(?i)^INVOICE[.][A-Z]+$') && !'straße'.matches('(?i)É-')", true],
  ["id != ''", true],
  ["data.price * 2.0 == 19.0", true],
] as const)("%s is %s", ([where, expected]) => {
  const body = `{"amount": 120, "customer": {"vip": false}, "none": null, "lines": [{"sku": "a"}, {"sku": "b"}],
    "id": 12345678901234567890, "ids": [9007199254740993], "price": 9.5}`;
  expect(compileWhere(where)(message(body))).toBe(expected);
});

test.for([
  ["data.amount >", 'line 1, column 13: what follows ">" is incomplete or wrong'],
  ["data.amount >\n  > 3", 'line 1, column 13: what follows ">" is incomplete or wrong'],
  ["data.a && && data.b", 'line 1, column 8: what follows "&&" is incomplete or wrong'],
  ["data.", 'line 1, column 5: what follows "." is incomplete or wrong'],
  ["data.a = 1", 'line 1, column 8: "=" is not expected here; write "==" to compare'],
  ["data.a and data.b", 'line 1, column 8: "a" is not expected here'],
  ["data.amount > 1 &&\n dat.x", 'line 2, column 2: there is no variable "dat"; the variables are'],
  ["foo(1)", 'line 1, column 1: there is no function "foo"'],
  ["type.startsWith()", 'line 1, column 5: the function "startsWith" cannot be called on a value with 0 arguments'],
  ["type.matches(data.p)", "the regular expression must be written as a text"],
  ["type.matches('(')", "the regular expression is not one of RE2"],
  ["type.matches('(?:a{1000}){3}')", "the regular expression"],
  [`type.matches('${"\\\\pL".repeat(60)}')`, "line 1, column 5: the regular expressions have too many classes"],
  [Array.from({ length: 20 }, (_, i) => `type.matches('\\\\pL{${i}}')`).join("||"), "too many classes"],
  ["type.matches('(?i)\\\\pL')", "line 1, column 5: a regular expression with the flag i cannot have classes"],
  ["type.matches('(?s:(?mi-U:[a-\\\\x{1e942}]))')", "a regular expression with the flag i"],
  [`type.matches('(?i)[${"Ā-𞤀".repeat(60)}]')`, "a regular expression with the flag i"],
  ...["1 + 2", "type", "id", "tags", "attributes", "time", ".type", "'a'", "1", "null", "[data]", "{'a': data}"]
    .concat(["size(data)", "string(data)", "-data.a", "type + id", "timestamp(data.at)"])
    .map((where) => [where, "line 1, column 1: the result must be true or false"] as const),
  [" ".repeat(4001), "the expression has 4001 characters; at most 4000 are allowed"],
  ["(".repeat(3000), "the expression"],
  [`${"[".repeat(300)}1${"]".repeat(300)}`, "nested too deeply"],
  ["google.protobuf.Timestamp{seconds: 1} == time", "there is no type"],
  ["", "the expression ends too early"],
] as const)("%s is refused", ([where, sentence]) => {
  expect(() => compileWhere(where)).toThrow(ExpressionError);
  expect(() => compileWhere(where)).toThrow(sentence);
});

test.for([
  ["data.nothing > 1", "filter.where: "],
  ["data.amount > 'x'", "filter.where: "],
  ["data.amount", "the result of filter.where is a number, and not true or false"],
] as const)("%s fails for the message", ([where, sentence]) => {
  expect(compileWhere(where)(message('{"amount": 1}'))).toEqual({ error: expect.stringContaining(sentence) });
});

test("an error says that the body is no JSON", () => {
  const sentence =
    "filter.where: line 1, column 5: field not found: a; the body of the message is no JSON, so data is null";
  expect(compileWhere("data.a > 1")(message("no json"))).toEqual({ error: sentence });
  expect(compileWhere("data == null")(message("no json"))).toBe(true);
});

test("an evaluation ends after a number of steps", () => {
  const list = JSON.stringify(Array.from({ length: 1000 }, (_, index) => index));
  for (const where of [
    "data.all(a, data.all(b, data.all(c, true)))",
    "data.all(a, data.exists(b, data == data) || true)",
    "data.map(a, data.map(b, data)) == data || true",
    "data.all(a, data.exists(b, b < 0) || true) || true",
  ]) {
    expect(compileWhere(where)(message(list))).toEqual({ error: expect.stringContaining("takes too long") });
  }
});
