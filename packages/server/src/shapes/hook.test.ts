import { describe, expect, it } from "vitest";
import { RingbackError } from "../domain/errors.ts";
import { hookShape } from "./hook.ts";

const urls = ["http://127.0.0.1:8080/onMessage"];

describe("a hook", () => {
  it("needs only its URLs", () => {
    expect(hookShape.read({ urls })).toEqual({
      urls,
      protocol: "koipy",
      timeoutMs: 5_000,
      onError: "continue",
      key: null,
      replyBytesMax: 8 * 1024 * 1024,
      auth: null,
      tls: null,
      description: "",
      labels: {},
    });
  });

  it("keeps all given settings, and does not change when its view is put again", () => {
    const given = {
      urls: ["https://example.com/opencard?x=1"],
      protocol: "opencard",
      timeoutMs: 60_000,
      onError: "reject",
      key: "0",
      replyBytesMax: 1024,
      auth: { type: "bearer", token: "t" },
      tls: { ca: "a", serverName: null },
      description: "Opens a card",
      labels: { customer: "acme" },
    } as const;
    expect(hookShape.read(given)).toEqual(given);
  });

  it.each<[string, object, string, string]>([
    ["no URL", { urls: [] }, "invalid_request", "urls"],
    ["too many URLs", { urls: Array.from({ length: 17 }, () => urls).flat() }, "invalid_request", "urls"],
    ["two URLs with opencard", { urls: [...urls, ...urls], protocol: "opencard", key: "0" }, "invalid_request", "urls"],
    ["a URL that is none", { urls: [...urls, "localhost:8080"] }, "invalid_url", "urls[1]"],
    ["a URL without HTTP", { urls: ["ws://127.0.0.1/"] }, "invalid_url", "urls[0]"],
    ["a password in a URL", { urls: ["http://me:secret@127.0.0.1/"] }, "invalid_url", "urls[0]"],
    ["a push protocol", { urls, protocol: "cloudevents" }, "unknown_protocol", "protocol"],
    ["a name from the prototype", { urls, protocol: "__proto__" }, "unknown_protocol", "protocol"],
    ["hardly any time", { urls, timeoutMs: 99 }, "invalid_request", "timeoutMs"],
    ["more time than anybody waits", { urls, timeoutMs: 60_001 }, "invalid_request", "timeoutMs"],
    ["no room for a reply", { urls, replyBytesMax: 1023 }, "invalid_request", "replyBytesMax"],
    ["a reply of any size", { urls, replyBytesMax: 64 * 1024 * 1024 + 1 }, "invalid_request", "replyBytesMax"],
    ["a key that nobody uses", { urls, key: "0" }, "invalid_request", "key"],
    ["no key where one is needed", { urls, protocol: "opencard" }, "invalid_request", "key"],
    ["a key's name that is none", { urls, protocol: "opencard", key: "a b" }, "invalid_name", "key"],
  ])("with %s is refused", (_what, input, code, field) => {
    const refusal = refusalOf(input);
    expect([refusal.code, refusal.details[0]?.field]).toEqual([code, field]);
  });
});

function refusalOf(input: object): RingbackError {
  try {
    hookShape.read(input);
  } catch (error) {
    if (error instanceof RingbackError) return error;
    throw error;
  }
  throw new Error("the hook was accepted");
}
