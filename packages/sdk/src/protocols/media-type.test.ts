import { describe, expect, it } from "vitest";

import { isJsonType, isMediaType, mediaTypeOf } from "./media-type.ts";

describe("a media type", () => {
  it.each([
    ["image/png", "image/png"],
    ["IMAGE/PNG ; charset=utf-8", "image/png"],
    [" text/plain\t", "text/plain"],
    ["", null],
    ["  ", null],
    ["; charset=utf-8", null],
    [undefined, null],
    ["image/png, text/html", "image/png, text/html"],
  ])("is read from %j as %j", (header, type) => {
    expect(mediaTypeOf(header)).toBe(type);
  });

  it.each([
    ["application/pdf", true],
    ["application/vnd.a+json", true],
    ["text", false],
    ["a/b/c", false],
    ["text/plain\r\nx: y", false],
    ["text/pl ain", false],
    [`a/${"b".repeat(128)}`, false],
  ])("has the form of one or not: %j", (text, form) => {
    expect(isMediaType(text)).toBe(form);
  });

  it.each([
    ["application/json", true],
    ["application/problem+json", true],
    ["text/json", false],
    ["x, y+json", false],
    [null, false],
  ])("is JSON or not: %j", (named, json) => {
    expect(isJsonType(named)).toBe(json);
  });
});
