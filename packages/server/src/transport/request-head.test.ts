import { expect, test } from "vitest";
import { arrangeHead } from "./request-head.ts";

const head = (...headers: string[]): string =>
  arrangeHead(lines("POST / HTTP/1.1", "host: a", "connection: keep-alive", ...headers, "content-length: 0"));
const identity = "Accept-Encoding: identity";
const lines = (...all: string[]): string => `${all.join("\r\n")}\r\n\r\n`;

test("puts Host and Content-Length first", () => {
  expect(
    arrangeHead(
      lines(
        "POST /cgi HTTP/1.1",
        "host: test.com",
        "connection: keep-alive",
        "Content-Type: text/plain",
        "content-length: 761",
      ),
    ),
  ).toBe(lines("POST /cgi HTTP/1.1", "Host: test.com", "Content-Length: 761", identity, "Content-Type: text/plain"));
});

test("requests a reply that is not compressed, unless the subscription says what it accepts", () => {
  expect(head("x: accept-encoding: gzip")).toContain("\r\nAccept-Encoding: identity\r\n");
  expect(head("ACCEPT-encoding: gzip")).not.toContain("identity");
});

test("keeps Connection: close", () => {
  expect(arrangeHead(lines("POST / HTTP/1.1", "host: [::1]:80", "connection: close", "content-length: 0"))).toBe(
    lines("POST / HTTP/1.1", "Host: [::1]:80", "Content-Length: 0", "Connection: close", identity),
  );
});

test.each([
  ["a body", '{"host": "x"}'],
  ["another order", lines("POST / HTTP/1.1", "x: y", "host: a", "content-length: 0")],
  ["no length", lines("POST / HTTP/1.1", "host: a", "connection: close", "x: y")],
  ["an upgrade", lines("GET / HTTP/1.1", "host: a", "connection: upgrade", "content-length: 0")],
  ["nothing", ""],
])("leaves %s as it is", (_what, text) => {
  expect(arrangeHead(text)).toBe(text);
});
