import { expect, it } from "vitest";
import { besideNeighbours, headersOf } from "./yardstick.ts";

it("imitates every header that the server chose and none that undici adds", () => {
  const head =
    "POST /x HTTP/1.1\r\nHost: a\r\nconnection: keep-alive\r\nUser-Agent: r/1\r\nringback-topic: t\r\ncontent-length: 3";
  expect(headersOf(head)).toEqual(["User-Agent", "r/1", "ringback-topic", "t"]);
});

it("holds each sample against the bare runs on either side of it", () => {
  expect(besideNeighbours([30, 60], [10, 10, 30])).toEqual([3, 3]);
});

it("gives no number where a bare run is missing", () => {
  expect(besideNeighbours([30], [10])).toEqual([Number.NaN]);
});
