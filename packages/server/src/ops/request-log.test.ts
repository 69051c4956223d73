/** Faked: the answered request. */
import { expect, it } from "vitest";
import { VirtualTime } from "../engine/testing/virtual-time.ts";
import type { AnsweredRequest } from "../http/answered-request.ts";
import { LimitedLog } from "./limited-log.ts";
import { createRequestLog } from "./request-log.ts";
import { createTestLog } from "./testing/log-lines.ts";

it.each([
  ["a slow publish on a route that waits for some actions", { waits: true }, true, ["request.slow"]],
  ["another slow action on such a route", { waits: true }, false, []],
  ["a slow request on any other route", {}, null, ["request.slow"]],
])("%s has the right lines", (_name, config, isPublish, events) => {
  const { log, lines } = createTestLog();
  const requestLog = createRequestLog(new LimitedLog(log, new VirtualTime()), 100);
  const request = { raw: { headers: {} }, method: "POST", params: {}, routeOptions: { config, url: "/" } };
  const action = isPublish === null ? null : { action: "PublishMessage", isPublish, account: "default" };
  const answered = { request, route: "/", account: "default", status: 200, durationMs: 101, error: null, action };
  requestLog.answered(answered as unknown as AnsweredRequest);
  expect(lines().map(({ event }) => event)).toEqual(events);
});
