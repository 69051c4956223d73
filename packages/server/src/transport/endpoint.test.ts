import { expect, test } from "vitest";
import { RingbackError } from "../domain/errors.ts";
import type { PushSettings } from "../domain/model.ts";
import { parseEndpoint } from "./endpoint.ts";

function push(url: string): PushSettings {
  return { url, protocol: "raw", headers: {}, connection: "close", timeoutMs: 7_000, keys: [] };
}

test("a URL becomes origin and path, and the settings pass through", () => {
  expect(parseEndpoint(push("https://Example.com:8443/a b?q=%41&é#part"))).toEqual({
    origin: "https://example.com:8443",
    path: "/a%20b?q=%41&%C3%A9",
    connection: "close",
    timeoutMs: 7_000,
    wholeReplyBytesMax: null,
  });
});

test("a default port and an empty path are normalised", () => {
  expect(parseEndpoint(push("http://example.com:80"))).toMatchObject({ origin: "http://example.com", path: "/" });
  expect(parseEndpoint(push("https://example.com:443?x"))).toMatchObject({
    origin: "https://example.com",
    path: "/?x",
  });
});

test.each([
  ["http://2130706433/", "http://127.0.0.1"],
  ["http://0x7f.1/", "http://127.0.0.1"],
  ["http://0177.0.0.1/", "http://127.0.0.1"],
  ["http://①②⑦.0.0.1/", "http://127.0.0.1"],
  ["http://[::FFFF:127.0.0.1]:81/", "http://[::ffff:7f00:1]:81"],
])("%s is read as %s", (url, origin) => {
  expect(parseEndpoint(push(url)).origin).toBe(origin);
});

test.each([
  ["ws://Example.com:80/push?token=a b", "ws://example.com", "/push?token=a%20b"],
  ["wss://example.com:8443", "wss://example.com:8443", "/"],
  ["ws://0x7f.1:81/", "ws://127.0.0.1:81", "/"],
  ["tcp://Example.com:80", "tcp://example.com:80", "/?byteOrder=big"],
  ["tcp://0177.0.0.1:9?byteOrder=little", "tcp://127.0.0.1:9", "/?byteOrder=little"],
  ["tcp://[::FFFF:127.0.0.1]:9/?byteOrder=big", "tcp://[::ffff:7f00:1]:9", "/?byteOrder=big"],
])("%s is an endpoint without HTTP", (url, origin, path) => {
  expect(parseEndpoint(push(url))).toMatchObject({ origin, path });
});

test.each([
  ["", "is not an absolute URL"],
  ["/hook", "is not an absolute URL"],
  ["http://", "is not an absolute URL"],
  ["http://256.1.1.1/", "is not an absolute URL"],
  ["ftp://example.com/", "must begin with http:// or https://"],
  ["javascript:alert(1)", "must begin with http:// or https://"],
  ["http://user@example.com/", "must not contain a user name or password"],
  ["http://:secret@example.com/", "must not contain a user name or password"],
  ["http://example.com:0/", "must not name port 0"],
  ["ws://:secret@example.com/", "must not contain a user name or password"],
  ["ws://example.com:0/", "must not name port 0"],
  ["tcp://example.com", "must name a port"],
  ["tcp://example.com:1/path", "must not have a path"],
  ["tcp://:secret@example.com:1", "must not contain a user name or password"],
  [`http://example.com/${"x".repeat(2048)}`, "has more than 2048 characters"],
])("%s is refused as an invalid_url", (url, reason) => {
  const attempt = (): unknown => parseEndpoint(push(url));
  expect(attempt).toThrow(RingbackError);
  expect(attempt).toThrow(expect.objectContaining({ code: "invalid_url", message: expect.stringContaining(reason) }));
});
