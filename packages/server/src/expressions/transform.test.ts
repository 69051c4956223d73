import { expect, test } from "vitest";
import { limits } from "../domain/limits.ts";
import type { Seq, TopicId } from "../domain/model.ts";
import { ExpressionError } from "./expression-error.ts";
import { compileTransform } from "./transform.ts";

const target = { url: "https://example.com/hook?a=1", verify: null };
const none = { body: null, headers: {}, url: null };
const message = (body: string) => ({
  topicId: 1 as TopicId,
  seq: 5 as Seq,
  type: "invoice.paid",
  tags: [],
  attributes: {},
  body: Buffer.from(body),
  publishedAtMs: Date.UTC(2026, 0, 31, 8),
});
const bodyOf = (body: string, data: string) => {
  const { body: made } = compileTransform({ ...none, body }, target)(message(data));
  return made === null ? null : Buffer.from(made).toString();
};
const urlOf = (url: string, verify: "challenge" | null = null) =>
  compileTransform({ ...none, url }, { ...target, verify })(message('{"p": "/x", "evil": "//evil.example/x"}')).url;

test.for([
  ["{'a': data.a, 'all': data}", '{"a": 1}', '{"a":1,"all":{"a":1}}'],
  ["[data.id, data]", '{"id": 9007199254740993, "x": 1.10}', '[9007199254740993,{"id":9007199254740993,"x":1.10}]'],
  ["{'n': data.n}", '{"n": 18446744073709551615}', '{"n":18446744073709551615}'],
  ["data", '{"n": 123456789012345678901234567890, "x": 1e400}', '{"n":123456789012345678901234567890,"x":1e400}'],
  [
    "[data.n, data.m, data.price, data.n + 1.0]",
    '{"n": 123456789012345678901234567890, "m": -1e400, "price": 100000000000000.123456}',
    "[123456789012345678901234567890,-1e400,100000000000000.123456,123456789012345678901234567890]",
  ],
  // Two numbers that round to the same double.
  ["[data.a, data.b]", '{"a": 0.1000000000000000000001, "b": 0.1000000000000000000002}', "[0.1,0.1]"],
  ["'text ' + type", "{}", "text invoice.paid"],
  ["b'\\x41\\x42'", "{}", "AB"],
  [
    "{'at': time, 'for': duration('90s'), 'bytes': b'ab'}",
    "",
    '{"at":"2026-01-31T08:00:00.000Z","for":"90s","bytes":"YWI="}',
  ],
  ["{'none': data}", "no json", '{"none":null}'],
  ["data.l.map(x, {'s': x.s})", '{"l": [{"s": "a"}, {"s": "b"}]}', '[{"s":"a"},{"s":"b"}]'],
  ["{'__proto__': data}", '{"__proto__": 1}', '{"__proto__":{"__proto__":1}}'],
] as const)("the body %s", ([body, data, made]) => {
  expect(bodyOf(body, data)).toBe(made);
});

test.for([
  ["1 + 1", "{}", "push.transform.body: the result must be a map, a list, a text or bytes"],
  ["{'a': data.nothing}", "{}", "push.transform.body: line 1, column 11: "],
  ["{'a': 1.0 / 0.0}", "{}", "JSON cannot express"],
  ["{'a': int}", "{}", "the type int, which JSON cannot express"],
  [
    "data.map(x, data)",
    JSON.stringify(Array.from({ length: 500 }, () => "x".repeat(100))),
    "push.transform.body: the ",
  ],
  [
    "'%.9999f'.format([1.0])",
    "{}",
    "push.transform.body: line 1, column 10: minimumFractionDigits value is out of range",
  ],
  ["data + data", JSON.stringify("x".repeat(600 * 1024)), "is longer than 1048576"],
] as const)("the body %s is refused", ([body, data, sentence]) => {
  expect(() => bodyOf(body, data)).toThrow(ExpressionError);
  expect(() => bodyOf(body, data)).toThrow(sentence);
});

test("a body of 20 MB is refused, and one of the largest size is made", () => {
  const mebibyte = JSON.stringify("x".repeat(limits.bodyBytesMax - 2));
  expect(() => bodyOf(`[${"data,".repeat(19)}data]`, mebibyte)).toThrow(ExpressionError);
  expect(bodyOf("data", mebibyte)).toHaveLength(limits.bodyBytesMax - 2);
});

test.for([
  ["'/x?b=2'", "https://example.com/x?b=2"],
  ["data.p", "https://example.com/x"],
  ["'https://example.com/other'", "https://example.com/other"],
] as const)("the URL %s", ([url, made]) => {
  expect(urlOf(url)).toBe(made);
});

test.for([
  ["data.evil", "must have the origin https://example.com"],
  ["'http://example.com/'", "must have the origin"],
  ["'https://user:secret@example.com/'", "must not contain a user name"],
  ["'/x#part'", "fragment"],
  ["''", "is not a URL"],
  ["1", "the result must be a text"],
  [
    "'/' + 'x'.replace('x', data.p + data.p) + '/'.replace('/', '/////') + 'a'.replace('a', data.nothing)",
    "push.transform.url: ",
  ],
] as const)("the URL %s is refused", ([url, sentence]) => {
  expect(() => urlOf(url)).toThrow(sentence);
});

test.for([
  [{ body: "1" }, "push.transform.body: line 1, column 1: the result must be a map, a list, a text or bytes"],
  [{ body: "data.a > 1" }, "push.transform.body: line 1, column 1: the result must be"],
  [{ headers: { "x-a": "1" } }, "push.transform.headers.x-a: line 1, column 1: the result must be a text, or null"],
  [{ headers: { "x-a": "has(data.a)" } }, "push.transform.headers.x-a: line 1, column 1: the result must be a text"],
  [{ headers: { "x-a": "tags" } }, "push.transform.headers.x-a: line 1, column 1: the result must be a text"],
  [{ url: "attributes" }, "push.transform.url: line 1, column 1: the result must be a text"],
] as const)("%j is refused before the first message", ([transform, sentence]) => {
  expect(() => compileTransform({ ...none, ...transform }, target)).toThrow(sentence);
});

test("a verified endpoint keeps its path", () => {
  expect(urlOf("'?b=2'", "challenge")).toBe("https://example.com/hook?b=2");
  expect(() => urlOf("'/other'", "challenge")).toThrow("must have the path of push.url");
});

const headers = (text: string) =>
  compileTransform({ ...none, headers: { "x-a": text } }, target)(message("{}")).headers;

test("headers are texts without line breaks, and null leaves one out", () => {
  expect(headers("type")).toEqual(["x-a", "invoice.paid"]);
  expect(headers("null")).toEqual([]);
  for (const text of ["'a\\r\\nb: c'", "'é'", "' a'", "'\\u0000'"])
    expect(() => headers(text)).toThrow("push.transform.headers.x-a");
  expect(() => headers("1")).toThrow("must be a text");
  expect(() =>
    headers("'abcdefgh'.replace('', 'x'.replace('x', '0123456789')).replace('', '0123456789').replace('', '0123')"),
  ).toThrow("push.transform.headers: the headers have");
});
