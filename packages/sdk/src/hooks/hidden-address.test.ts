import { describe, expect, it } from "vitest";

import { withoutAddress } from "./hidden-address.ts";

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
    ["http://H.Example:80", "at H.Example:80, which is h.example", "at H.Example:80, which is #"],
    ["http://10.0.0.5:8080/cb", "你已被拉黑!", "你已被拉黑!"],
    ["not a URL", "this is not a URL", "this is #"],
  ])("%s is not in %j", (url, reason, hidden) => {
    expect(withoutAddress(reason, url)).toBe(hidden.replaceAll("#", "[callback server]"));
  });
});
