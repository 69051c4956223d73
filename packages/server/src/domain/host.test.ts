import { describe, expect, it } from "vitest";
import { canonicalHost, isLoopbackHost } from "./host.ts";

describe("the canonical form of a host", () => {
  it.each([
    ["LocalHost", "localhost"],
    ["localhost.", "localhost"],
    ["a_b-1.example.com", "a_b-1.example.com"],
    ["127.0.0.1", "127.0.0.1"],
    ["127.0.0.1.", "127.0.0.1"],
    ["[::1]", "::1"],
    ["0:0:0:0:0:0:0:1", "::1"],
    ["[::FFFF:127.0.0.1]", "::ffff:7f00:1"],
    ["[fe80::1%25eth0]", "fe80::1"],
  ])("of %j is %j", (text, host) => {
    expect(canonicalHost(text)).toBe(host);
  });

  it.each([
    "",
    ".",
    "a..b",
    "-a",
    "a b",
    "a:1",
    "[::1",
    "[localhost]",
    "[127.0.0.1]",
    "[::g]",
    "a\u0000",
    "é",
    "a/b",
    "a@b",
  ])("does not exist for %j", (text) => {
    expect(canonicalHost(text)).toBeNull();
  });
});

it("a host is a loopback host only if other machines cannot reach it", () => {
  const here = ["127.0.0.1", "127.255.0.1", "::1", "localhost", "LOCALHOST", "::ffff:127.0.0.1", "::ffff:7f00:1"];
  const elsewhere = ["0.0.0.0", "::", "128.0.0.1", "10.0.0.1", "127.example", "localhost.example", "::ffff:10.0.0.1"];
  expect([...here, ...elsewhere].filter(isLoopbackHost)).toEqual(here);
});
