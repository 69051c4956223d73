/** Real: the HTTP application with every route. Faked: the store, in memory, and the clock. */

import { afterAll, beforeAll, expect, it } from "vitest";
import { call } from "./testing/call.ts";
import { createTestApp, type TestApp } from "./testing/test-app.ts";

let test: TestApp;
beforeAll(async () => void (test = await createTestApp()));
afterAll(() => test.app.close());

it("records who created, changed and deleted a topic, from where, with the views before and after", async () => {
  const client = { remoteAddress: "192.0.2.7" };
  const created = await call(test.app, "PUT", "/v1/topics/orders", { json: { description: "one" }, ...client });
  const patched = await call(test.app, "PATCH", "/v1/topics/orders", { json: { description: "two" }, ...client });
  await call(test.app, "DELETE", "/v1/topics/orders", client);
  const { json } = await call(test.app, "GET", "/v1/audit?target=topics/orders");
  const shared = { who: { id: "anyone", name: null }, source: "192.0.2.7", target: "topics/orders" };
  expect(json).toEqual({
    items: [
      expect.objectContaining({ ...shared, action: "deleteTopic", before: patched.json, after: null }),
      expect.objectContaining({ ...shared, action: "patchTopic", before: created.json, after: patched.json }),
      expect.objectContaining({ ...shared, action: "putTopic", before: null, after: created.json }),
    ],
    next: null,
  });
});
