/** Real: the HTTP application, which is called through `inject`; the log. Faked: events, transport, clock. */
import { expect, it } from "vitest";
import { call } from "./testing/call.ts";
import { createTestApp } from "./testing/test-app.ts";

it("an answer that waits on purpose is not logged as slow, and any other answer is", async () => {
  const { app, logLines } = await createTestApp({}, { slowRequestMs: 0 });
  const pulled = "/v1/topics/orders/subscriptions/pulled";
  await call(app, "PUT", "/v1/topics/orders");
  await call(app, "PUT", pulled, { json: { pull: {} } });
  await call(app, "PUT", "/v1/inboxes/mail");
  await call(app, "PUT", "/v1/hooks/check", { json: { urls: ["http://127.0.0.1:9/"] } });
  const slowRoutes = () =>
    logLines
      .map((line) => JSON.parse(line) as { event?: string; route?: string })
      .flatMap(({ event, route }) => (event === "request.slow" ? [route] : []));
  await call(app, "POST", `${pulled}/pull`);
  await app.inject({ method: "GET", url: "/in/mail" });
  await call(app, "POST", "/v1/hooks/check/call", { json: {} });
  await call(app, "POST", `${pulled}/test`);
  expect(slowRoutes()).toEqual([
    "/v1/topics/:topic",
    "/v1/topics/:topic/subscriptions/:subscription",
    "/v1/inboxes/:inbox",
    "/v1/hooks/:hook",
  ]);
  await app.close();
});
