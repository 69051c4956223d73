import { describe, expect, it } from "vitest";

import { TargetCache } from "./target-cache.ts";

describe("where a URL leads", () => {
  it.each([
    ["http://h.example/a/b?c=d", "http://h.example", "/a/b?c=d"],
    ["https://H.example", "https://h.example", "/"],
    ["http://h.example:80/?", "http://h.example", "/"],
    ["https://[::1]:8443/%2e%2e/测试", "https://[::1]:8443", "/%E6%B5%8B%E8%AF%95"],
    ["http://user:s3cret@h.example/a#b", "http://h.example", "/a"],
  ])("%s: to %s, and there to %s", (url, origin, path) => {
    expect(new TargetCache().of(url)).toEqual({ origin, path });
  });

  it("is nowhere for what is no URL", () => {
    const places = new TargetCache();
    for (const url of ["", "h.example", "http://", "__proto__"])
      expect([places.of(url), places.of(url)]).toEqual([null, null]);
  });

  it("is read once, and stays right when there are more URLs than are kept", () => {
    const places = new TargetCache();
    const first = places.of("http://h.example/0");
    expect(places.of("http://h.example/0")).toBe(first);
    for (let count = 0; count < 1000; count++) {
      expect(places.of(`http://h.example/${count}`)).toEqual({ origin: "http://h.example", path: `/${count}` });
    }
    expect(places.of("http://h.example/0")).toEqual(first);
    expect(places.of("http://h.example/0")).not.toBe(first);
  });
});
