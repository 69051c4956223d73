import * as fc from "fast-check";
import { describe, expect, it } from "vitest";

import { rejectReasonCharsMax } from "../protocols/reject-reason.ts";
import { withoutAddresses } from "./hidden-address.ts";

const HIDDEN = "[callback server]";

describe("a reason without the callback's address", () => {
  it.each([
    ["http://10.0.0.5:8080/cb?token=s3cret", "Bad gateway: http://10.0.0.5:8080/cb?token=s3cret", "Bad gateway: #"],
    ["http://10.0.0.5:8080/cb", "Server at 10.0.0.5 Port 80", "Server at # Port 80"],
    ["http://10.0.0.5:8080/cb", "upstream 10.0.0.5:8080 refused", "upstream # refused"],
    ["http://localhost:8080/cb", "localhost:8080 is not localhost", "# is not localhost"],
    ["http://tests/cb", "see http://tests for our tests", "see # for our tests"],
    ["http://h.example/callbacks/k3y", "Cannot POST /callbacks/k3y", "Cannot POST #"],
    ["http://h.example/on?token=k3y", "No route /on?token=k3y", "No route #"],
    ["http://h.example/a", "and/all of h.example", "and/all of #"],
    ["http://[2001:db8::1]:80/", "[2001:db8::1] and 2001:db8::1", "# and #"],
    ["http://10.0.0.5:8080/cb", "你已被拉黑!", "你已被拉黑!"],
    ["not a URL", "this is not a URL", "this is #"],
  ])("%s is not in %j", (url, reason, hidden) => {
    expect(withoutAddresses(reason, [url])).toBe(hidden.replaceAll("#", HIDDEN));
  });

  it.each([
    // Letter case.
    ["http://H.Example:80", "at H.Example:80, which is h.example", "at #:80, which is #"],
    ["http://h.example/CallBack", "HTTP://H.EXAMPLE/callback", "#"],
    // Parts of the query.
    ["http://h.example/?token=supersecret", "bad token supersecret", "bad token #"],
    ["http://h.example/?token=supersecret", "token: Supersecret!", "token: #!"],
    ["http://h.example/?token=k3y", "with token=k3y only", "with # only"],
    ["http://h.example/?a=x%20y1&b=2", "a is x y1, b is 2", "a is #, b is 2"],
    ["http://h.example/?a=x+y1", "a is 'x y1'", "a is '#'"],
    ["http://h.example/?verysecretkey", "key verysecretkey", "key #"],
    ["http://h.example/?verysecretkey=1", "parameter verysecretkey", "parameter #"],
    // Segments of the path.
    ["http://h.example/k3y99", "no /k3y99", "no #"],
    ["http://h.example/k3y99", "no hook k3y99", "no hook #"],
    ["http://h.example/k3y99/on", "see /k3y99/other", "see /#/other"],
    ["http://h.example/on/%E6%8B%89%E9%BB%91%E9%92%A51", "钥 拉黑钥1", "钥 #"],
    ["http://h.example/cb", "Cannot POST /cb", "Cannot POST #"],
    // Hosts without a dot.
    ["http://callback-1:8080/", "getaddrinfo ENOTFOUND callback-1", "getaddrinfo ENOTFOUND #"],
    ["http://receiver/", "getaddrinfo ENOTFOUND receiver", "getaddrinfo ENOTFOUND #"],
    ["http://receiver/", "http:\\/\\/receiver\\/ and receiver:80", "# and receiver:80"],
    // Escapes.
    ["http://h.example/a/b?c=d&e=f", "http:\\/\\/h.example\\/a\\/b?c=d\\u0026e=f", "#"],
    ["http://h.example/a/b?c=d&e=f", '<a href="http://h.example/a/b?c=d&amp;e=f">', '<a href="#">'],
    ["http://h.example/a/b?c=d&e=f", "http:&#x2F;&#47;h.example&#x2f;a&#x2F;b?c=d&amp;amp;e=f", "#"],
    ["http://h.example/a/b?c=d", "?next=http%3A%2F%2Fh.example%2fa%2Fb%3Fc%3Dd", "?next=#"],
    ["http://h.example/a/b?c=d", "?next=http%253A%252F%252Fh.example%252Fa%252Fb%253Fc%253Dd", "?next=#"],
    ["http://h.example/%E9%92%A5%E5%8C%991", "POST /钥匙1", "POST #"],
    ["http://h.example/钥匙1", "POST /%E9%92%a5%E5%8C%991", "POST #"],
    ["http://h.example/钥匙1", "POST \\/\\u94a5\\u53191", "POST #"],
    ["http://h.example/a", "R&amp;D at http:\\/\\/h.example\\/a", "R&D at #"],
    // International names.
    ["http://bücher.example/", "bücher.example, xn--bcher-kva.example, BÜCHER.example", "#, #, #"],
    ["http://xn--bcher-kva.example/", "bücher.example", "#"],
    ["http://xn--fiqs8s.example/", "中国.example", "#"],
  ])("%s is not in %j either", (url, reason, hidden) => {
    expect(withoutAddresses(reason, [url])).toBe(hidden.replaceAll("#", HIDDEN));
  });

  it.each([
    ["http://h.example/", "a/b and c/d"],
    ["http://h.example/a", "a banana and/all"],
    ["http://h.example/or", "and/or"],
    ["http://h.example/?a=1&b=true", "a is 1 and b is true"],
    ["http://h.example/callbacks/onMessage?token=x", "The token of your message is wrong, callbacks are off"],
    ["http://h.example/v1/2026", "in 2026, version v1"],
    ["http://receiver/", "The receiver did not want it"],
    ["http://app/", "This app is not for you: 100% sure &amp; \\/ %zz &#99999999; %ff"],
  ])("of %s leaves ordinary words as they are: %j", (url, reason) => {
    expect(withoutAddresses(reason, [url])).toBe(reason);
  });

  it("is cut after addresses are removed, so that no half of an address remains", () => {
    const url = "http://10.0.0.5:8080/callback?token=supersecret";
    const reason = withoutAddresses(`${"x".repeat(rejectReasonCharsMax - 10)} ${url} and more`, [url]);
    expect(reason).toBe(`${"x".repeat(rejectReasonCharsMax - 10)} ${HIDDEN}`.slice(0, rejectReasonCharsMax));
  });

  it("is cut to the shown length, although the replacement can be longer than an address", () => {
    const reason = withoutAddresses("/k3y99 ".repeat(10_000), ["http://h.example/k3y99"]);
    expect(reason).toBe(`${HIDDEN} `.repeat(1000).slice(0, rejectReasonCharsMax));
  });

  it("contains no part of addresses that fill the read text, even of the last one, which is cut", () => {
    const url = `http://10.0.0.5:8080/${"k3y".repeat(600)}`;
    const shown = withoutAddresses(`${url} `.repeat(100), [url]);
    expect(shown).toContain(HIDDEN);
    expect(`${HIDDEN} `.repeat(9)).toContain(shown);
  });

  it("is cut after the last of several addresses", () => {
    const urls = ["http://first.example/abc1", "http://second.example/abc2"];
    const reason = `${"x".repeat(rejectReasonCharsMax - 5)} http://second.example/abc2 http://first.example/abc1`;
    expect(withoutAddresses(reason, urls)).toBe(`${"x".repeat(rejectReasonCharsMax - 5)} [cal`);
  });

  it("contains the address in no escaped form", () => {
    const escapes: readonly ((text: string) => string)[] = [
      encodeURIComponent,
      (text) => JSON.stringify(text).slice(1, -1).replaceAll("/", "\\/"),
      (text) => text.replaceAll("&", "&amp;").replaceAll("/", "&#x2F;"),
      (text) => text.toUpperCase(),
      (text) => text,
    ];
    const name = fc.stringMatching(/^[a-z][a-z0-9]{5,12}7$/);
    const way = fc.constantFrom(...escapes);
    fc.assert(
      fc.property(name, name, name, way, way, (host, segment, secret, inner, outer) => {
        const url = `https://${host}.example:8443/${segment}/on?token=${secret}&x=1`;
        expect(withoutAddresses(`at ${outer(inner(url))} !`, [url])).toBe(`at ${HIDDEN} !`);
      }),
    );
  });
});
