import * as fc from "fast-check";
import { describe, expect, it } from "vitest";

import { attachmentNamed, fileNameOf } from "./content-disposition.ts";
import { safeFileName } from "./file-name.ts";
import { anyText } from "./testing/any-text.ts";

const asOneBytePerCharacter = (text: string): string => Buffer.from(text).toString("latin1");

describe("the file name in a Content-Disposition header", () => {
  it.each([
    ['attachment; filename="test.jpg"', "test.jpg"],
    ["attachment; filename=test.jpg", "test.jpg"],
    ["attachment;filename=test.jpg;size=3", "test.jpg"],
    ['ATTACHMENT; FileName = "test.jpg"', "test.jpg"],
    ['inline; x="; filename=evil.exe"; filename="good.txt"', "good.txt"],
    ['attachment; filename="first.txt"; filename="second.txt"', "first.txt"],
    ["attachment; filename=with space.txt", "with space.txt"],
    ['attachment; filename="unclosed.txt', "_unclosed.txt"],
    ['attachment; ; =; filename="a.txt";', "a.txt"],
    ["attachment; filename*=UTF-8''%e6%b5%8b%e8%af%95.png", "测试.png"],
    ["attachment; filename*=utf-8'zh-CN'%E6%B5%8B.png", "测.png"],
    ["attachment; filename*=\"UTF-8''a%20b.txt\"", "a b.txt"],
    ["attachment; filename*=ISO-8859-1''%e9t%e9.txt", "été.txt"],
    ["attachment; filename=\"fallback.txt\"; filename*=UTF-8''%E2%82%AC.txt", "€.txt"],
    ["attachment; filename*=UTF-8''%E2%82%AC.txt; filename=\"fallback.txt\"", "€.txt"],
    ["attachment; filename=\"fallback.txt\"; filename*=UTF-8''%ff.txt", "fallback.txt"],
    ["attachment; filename=\"fallback.txt\"; filename*=UTF-7''a.txt", "fallback.txt"],
    ["attachment; filename=\"fallback.txt\"; filename*=UTF-8''a%2", "fallback.txt"],
    ['attachment; filename="fallback.txt"; filename*=a.txt', "fallback.txt"],
    ["attachment; filename=\"fallback.txt\"; filename*=UTF-8''%2e%2e%2f", "fallback.txt"],
    [`attachment; filename="${asOneBytePerCharacter("测试.jpg")}"`, "测试.jpg"],
    ['attachment; filename="\u00e9t\u00e9.jpg"', "été.jpg"],
    ['attachment; filename="100%25.txt"', "100%25.txt"],
  ])("in %j is %j", (header, name) => {
    expect(fileNameOf(header)).toBe(name);
  });

  it.each([
    ['attachment; filename="../../etc/passwd"', "passwd"],
    ["attachment; filename*=UTF-8''%2e%2e%2f%2e%2e%2fetc%2fpasswd", "passwd"],
    ["attachment; filename*=UTF-8''%2e%2e%2f", null],
    ["attachment; filename*=UTF-8''..%5c..%5ca.txt", "a.txt"],
    ["attachment; filename*=UTF-8''a%0d%0aSet-Cookie:x", null],
    ["attachment; filename*=UTF-8''a%0d%0aSet-Cookie%3ax", "aSet-Cookie_x"],
    ["attachment; filename*=UTF-8''a%00b.txt", "ab.txt"],
    ['attachment; filename="a\r\nX: y.txt"', "aX_ y.txt"],
    ['attachment; filename="a\\"b.txt"', "a_b.txt"],
    ['attachment; filename="C:\\\\dir\\\\a.txt"', "a.txt"],
    ['attachment; filename="..\\\\..\\\\a.txt"', "a.txt"],
    ['attachment; filename="/"', null],
    ['attachment; filename=""', null],
    ["attachment; filename=", null],
    ["attachment", null],
    ["", null],
    [undefined, null],
    ["filename=a.txt", null],
    ["attachment; __proto__=a; constructor=b", null],
    [`attachment; filename="${"a".repeat(9000)}"`, null],
  ])("in the hostile %j is %j", (header, name) => {
    expect(fileNameOf(header)).toBe(name);
  });

  it("is found in bounded time, however the header is built", () => {
    for (const piece of [';a="', ';a="\\', "; filename", ";", "=", ' \t;"', ";filename*=UTF-8''%"]) {
      expect(fileNameOf(`x${piece.repeat(8192 / piece.length)}`)).toBeNull();
    }
  });

  it.each([
    [null, "attachment"],
    ["test.jpg", 'attachment; filename="test.jpg"'],
    ["测试.jpg", "attachment; filename=\"__.jpg\"; filename*=UTF-8''%E6%B5%8B%E8%AF%95.jpg"],
    ["50%.txt", "attachment; filename=\"50_.txt\"; filename*=UTF-8''50%25.txt"],
  ])("is written for %j", (name, header) => {
    expect(attachmentNamed(name)).toBe(header);
  });

  it("survives a round trip, in a header that can be sent", () => {
    fc.assert(
      fc.property(fc.oneof(anyText({ maxLength: 100 }), fc.string()), (text) => {
        const name = safeFileName(text);
        const header = attachmentNamed(name);
        expect(header).toMatch(/^[ -~]+$/);
        expect(fileNameOf(header)).toBe(name);
      }),
    );
  });
});
