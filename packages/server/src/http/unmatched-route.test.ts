/** Real: the HTTP application, through `inject`. Faked: store, publisher and event bus, in memory. */

import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { call } from "../api/testing/call.ts";
import { createTestApp } from "../api/testing/test-app.ts";
import type { TestApp } from "../api/testing/test-app.ts";

describe("a request that matches no route", () => {
  let test: TestApp;
  beforeEach(async () => {
    test = await createTestApp();
  });
  afterEach(() => test.app.close());

  it.each(["/", "/v1", "/v1/topics/a/b", "/V1/topics", "/v1/topics/a/messages/", "/v2/topics", "*"])(
    "answers 404 for the path %s, whatever the method",
    async (path) => {
      for (const method of ["GET", "POST", "DELETE", "PROPFIND"]) {
        const answer = await call(test.app, method, path, method === "POST" ? { json: { a: 1 } } : {});
        expect(answer).toMatchObject({
          status: 404,
          json: { code: "route_not_found", type: "/docs/reference/errors/route_not_found" },
        });
      }
    },
  );

  it.each([
    ["POST", "/v1/topics/orders", "DELETE, GET, HEAD, PATCH, PUT"],
    ["POST", "/v1/topics", "GET, HEAD"],
    ["PUT", "/v1/topics/orders/messages", "GET, HEAD, POST"],
    ["GET", "/v1/topics/orders/messages/batch?x=1", "POST"],
    ["PUT", "/v1/topics/orders/subscriptions/s/dead-letters/redrive", "DELETE, GET, HEAD, POST"],
    ["PUT", "/healthz", "GET, HEAD"],
    ["HEAD", "/v1/events", "GET"],
    ["OPTIONS", "/metrics", "GET, HEAD"],
  ])("answers 405 to %s %s and allows %s", async (method, url, allow) => {
    const answer = await call(test.app, method, url);
    expect([answer.status, answer.headers["allow"]]).toEqual([405, allow]);
  });

  it("answers 405 with a problem that names the allowed methods", async () => {
    const { json } = await call(test.app, "PUT", "/healthz");
    expect(json).toMatchObject({ code: "method_not_allowed", detail: "This resource supports GET, HEAD." });
  });

  it.each(["/v1/topics/", "/v1/topics//subscriptions"])("is not meant by %s: there a name is missing", async (url) => {
    expect(await call(test.app, "GET", url)).toMatchObject({ status: 400, json: { code: "invalid_name" } });
  });

  it.each(["/v1/topics/%", "/v1/topics/%zz", "/v1/topics/%c3%28"])(
    "answers 400 for the broken escape in %s",
    async (url) => {
      expect(await call(test.app, "GET", url)).toMatchObject({ status: 400, json: { code: "malformed_request" } });
    },
  );

  it("answers HEAD like GET, without the body", async () => {
    const [get, head] = [await call(test.app, "GET", "/v1/topics"), await call(test.app, "HEAD", "/v1/topics")];
    expect([head.status, head.json]).toEqual([200, null]);
    expect(head.headers["content-length"]).toBe(get.headers["content-length"]);
  });
});
