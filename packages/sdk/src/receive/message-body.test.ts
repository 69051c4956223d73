import { describe, expect, it } from "vitest";

import { messageJson, messageText } from "./message-body.ts";

const withBody = (text: string) => ({ body: new TextEncoder().encode(text) });

describe("a message's body", () => {
  it("is returned as text with every character", () => {
    expect(messageText(withBody("\uFEFF名"))).toBe("\uFEFF名");
  });

  it("is refused as text when it is not UTF-8", () => {
    expect(() => messageText({ body: Uint8Array.of(0xff) })).toThrow(TypeError);
  });

  it("is returned as a JSON value, or throws an error", () => {
    expect(messageJson(withBody('{"a":[1]}'))).toEqual({ a: [1] });
    expect(() => messageJson(withBody("{"))).toThrow(SyntaxError);
  });
});
