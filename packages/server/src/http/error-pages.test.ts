/** Real: the HTTP application, through `inject`. Faked: store, publisher and event bus, in memory. */

import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { call } from "../api/testing/call.ts";
import { createTestApp, type TestApp } from "../api/testing/test-app.ts";
import { errorTable, type ErrorCode } from "../domain/errors.ts";
import { problemType } from "./problem.ts";

describe("the page of an error", () => {
  let test: TestApp;
  beforeEach(async () => {
    test = await createTestApp();
  });
  afterEach(() => test.app.close());

  it("is at the type of a problem, without an API key", async () => {
    const { json } = await call(test.app, "GET", "/v1/topics/nothing");
    const page = await test.app.inject(String(json["type"]));
    expect(page.headers["content-type"]).toBe("text/markdown; charset=utf-8");
    expect(page.body).toContain("# topic_not_found\n\nThere is no topic with this name.\n\n* HTTP status: 404");
  });

  it.each(Object.keys(errorTable) as ErrorCode[])("exists for %s", async (code) => {
    expect((await test.app.inject(problemType(code))).body).toContain(errorTable[code].title);
  });

  it.each(["nothing", "constructor", "__proto__", "..%2fapi"])("does not exist for %s", async (code) => {
    const page = await test.app.inject(`/docs/reference/errors/${code}`);
    expect([page.statusCode, page.json().code]).toEqual([404, "route_not_found"]);
  });
});
