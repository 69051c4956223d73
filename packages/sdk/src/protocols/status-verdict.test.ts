import { describe, expect, it } from "vitest";

import type { PushReply } from "./protocol.ts";
import { verdictOfReply, verdictOfStatus } from "./status-verdict.ts";

const replied = (status: number, headers: Record<string, string> = {}): PushReply => ({
  status,
  headers,
  body: new Uint8Array(),
});

const failed = { kind: "failed", code: "http_status", retryAfter: null };

describe("the verdict of a status", () => {
  it.each([200, 201, 202, 204, 206, 299])("%d is success", (status) => {
    expect(verdictOfStatus(status)).toEqual({ kind: "accepted" });
  });

  it.each([300, 301, 302, 304, 307, 308, 399])("%d is a redirect, which is not followed", (status) => {
    expect(verdictOfStatus(status)).toEqual({ kind: "failed", code: "redirect", retryAfter: null });
  });

  it.each([100, 101, 199, 400, 401, 404, 408, 410, 429, 500, 503, 599, 999])("%d is failure", (status) => {
    expect(verdictOfStatus(status)).toEqual(failed);
  });
});

describe("the verdict of a reply", () => {
  it("depends on the status without other headers", () => {
    for (const status of [200, 204, 302, 400, 409, 411, 429, 503]) {
      expect(verdictOfReply(replied(status))).toEqual(verdictOfStatus(status));
    }
  });

  it("is final with 410, whatever the headers are", () => {
    expect(verdictOfReply(replied(410))).toEqual({ kind: "gone" });
    expect(verdictOfReply(replied(410, { "retry-after": "5" }))).toEqual({ kind: "gone" });
  });

  it.each([429, 503, 500, 404])("has the delay that a %d requests", (status) => {
    expect(verdictOfReply(replied(status, { "retry-after": "120" }))).toEqual({
      ...failed,
      retryAfter: { delayMs: 120_000 },
    });
  });

  it("has the time that the header requests", () => {
    const reply = replied(503, { "retry-after": "Sun, 06 Nov 1994 08:49:37 GMT" });
    expect(verdictOfReply(reply)).toEqual({ ...failed, retryAfter: { atMs: Date.UTC(1994, 10, 6, 8, 49, 37) } });
  });

  it("keeps the delay of a redirect", () => {
    const reply = replied(302, { "retry-after": "3" });
    expect(verdictOfReply(reply)).toEqual({ kind: "failed", code: "redirect", retryAfter: { delayMs: 3000 } });
  });

  it("is an ordinary failure when the delay is invalid, and a success has no delay", () => {
    expect(verdictOfReply(replied(503, { "retry-after": "later" }))).toEqual(failed);
    expect(verdictOfReply(replied(200, { "retry-after": "5" }))).toEqual({ kind: "accepted" });
  });

  it("is not changed by the next reply", () => {
    verdictOfReply(replied(503, { "retry-after": "120" }));
    expect(verdictOfReply(replied(503))).toEqual(failed);
    expect(Object.isFrozen(verdictOfReply(replied(503)))).toBe(true);
  });
});
