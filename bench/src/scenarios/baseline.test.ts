import { expect, it } from "vitest";
import { besideBare, headersOf } from "./baseline.ts";

it("copies every header of the server's request but those that undici adds itself", () => {
  const head =
    "POST /x HTTP/1.1\r\nHost: a\r\nconnection: keep-alive\r\nUser-Agent: r/1\r\nringback-topic: t\r\ncontent-length: 3";
  expect(headersOf(head)).toEqual(["User-Agent", "r/1", "ringback-topic", "t"]);
});

it("divides each sample by the mean of the bare runs before and after it", () => {
  expect(besideBare([30, 60], [10, 10, 30])).toEqual([3, 3]);
});

it("is NaN where a bare run is missing", () => {
  expect(besideBare([30], [10])).toEqual([Number.NaN]);
});
