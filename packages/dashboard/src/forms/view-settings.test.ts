import { expect, it } from "vitest";
import { settingsOfView } from "./view-settings.ts";

it("keeps the settings of a view, and no secrets", () => {
  const view = {
    name: "billing",
    state: "active",
    counts: { backlog: 3 },
    push: {
      url: "https://example.com/hooks",
      headers: { authorization: null },
      auth: { type: "bearer", token: null },
      tls: { certificate: { subject: "CN=x" }, key: null, ca: null, serverName: null },
    },
    pull: null,
    retry: { delaysMs: [1, 2] },
    rate: { perSecond: 2, burst: 1 },
    labels: { customer: "acme" },
  };
  expect(settingsOfView("SubscriptionSettings", view)).toEqual({
    push: {
      url: "https://example.com/hooks",
      headers: { authorization: null },
      auth: { type: "bearer", token: null },
      tls: { certificate: null, key: null, ca: null, serverName: null },
    },
    pull: null,
    retry: { delaysMs: [1, 2] },
    rate: { perSecond: 2, burst: 1 },
    labels: { customer: "acme" },
  });
});

it("knows that an inbox has secrets though they are not shown", () => {
  const view = { verify: { method: "github", toleranceMs: 1 }, path: "/in/x" };
  expect(settingsOfView("InboxSettings", view)).toEqual({
    verify: { method: "github", secrets: null, toleranceMs: 1 },
  });
});
