/**
 * Real: the HTTP application, which is called through `inject`; the memory driver. Faked: publisher, event bus, clock.
 */

import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { call } from "./testing/call.ts";
import { createTestApp } from "./testing/test-app.ts";
import type { TestApp } from "./testing/test-app.ts";

const routes = [
  "DELETE /v1/inboxes/{inbox}",
  "GET /in/{inbox}",
  "GET /v1/inboxes",
  "GET /v1/inboxes/{inbox}",
  "POST /in/{inbox}",
  "POST /v1/expressions/test",
  "PUT /v1/inboxes/{inbox}",
  "PATCH /v1/inboxes/{inbox}",
  "PATCH /v1/event-types/{type}",
  "PATCH /v1/hooks/{hook}",
  "PATCH /v1/topics/{topic}",
  "PATCH /v1/topics/{topic}/subscriptions/{subscription}",
  "DELETE /v1/event-types/{type}",
  "DELETE /v1/hooks/{hook}",
  "GET /v1/asyncapi.json",
  "GET /v1/event-types",
  "GET /v1/event-types.html",
  "GET /v1/event-types/{type}",
  "GET /v1/hooks",
  "GET /v1/hooks/{hook}",
  "POST /v1/hooks/{hook}/call",
  "PUT /v1/event-types/{type}",
  "PUT /v1/hooks/{hook}",
  "DELETE /v1/keys/{kid}",
  "GET /v1/keys",
  "GET /v1/keys/{kid}",
  "PUT /v1/keys/{kid}",
  "DELETE /v1/topics/{topic}",
  "DELETE /v1/topics/{topic}/subscriptions/{subscription}",
  "DELETE /v1/topics/{topic}/subscriptions/{subscription}/dead-letters",
  "DELETE /v1/topics/{topic}/subscriptions/{subscription}/dead-letters/{id}",
  "GET /.well-known/jwks.json",
  "GET /v1/keys/{kid}/public",
  "POST /v1/keys/{kid}/rotate",
  "POST /v1/keys/rotate-master",
  "POST /v1/inboxes/{inbox}/rotate-path",
  "GET /healthz",
  "GET /metrics",
  "GET /openapi.json",
  "GET /readyz",
  "GET /v1/audit",
  "GET /v1/dead-letters",
  "GET /v1/events",
  "GET /v1/messages/{id}",
  "GET /v1/nodes",
  "GET /v1/subscriptions",
  "GET /v1/topics",
  "GET /v1/topics/{topic}",
  "GET /v1/topics/{topic}/subscriptions",
  "GET /v1/topics/{topic}/subscriptions/{subscription}",
  "GET /v1/topics/{topic}/messages",
  "GET /v1/topics/{topic}/subscriptions/{subscription}/attempts",
  "GET /v1/topics/{topic}/subscriptions/{subscription}/attempts/{id}",
  "GET /v1/topics/{topic}/subscriptions/{subscription}/dead-letters",
  "GET /v1/topics/{topic}/subscriptions/{subscription}/dead-letters/{id}",
  "POST /v1/topics/{topic}/messages",
  "POST /v1/topics/{topic}/messages/batch",
  "POST /v1/topics/{topic}/subscriptions/{subscription}/dead-letters/redrive",
  "POST /v1/topics/{topic}/subscriptions/{subscription}/dead-letters/{id}/redrive",
  "POST /v1/topics/{topic}/subscriptions/{subscription}/pause",
  "POST /v1/topics/{topic}/subscriptions/{subscription}/resume",
  "DELETE /v1/replays/{id}",
  "GET /v1/replays",
  "GET /v1/statistics",
  "GET /v1/replays/{id}",
  "PATCH /v1/replays/{id}",
  "POST /v1/topics/{topic}/subscriptions/{subscription}/replays",
  "POST /v1/messages/{id}/deliveries/{subscription}/cancel",
  "POST /v1/messages/{id}/deliveries/{subscription}/retry",
  "PUT /v1/topics/{topic}",
  "PUT /v1/topics/{topic}/subscriptions/{subscription}",
  "DELETE /v1/session",
  "GET /v1/session",
  "POST /v1/session",
  "DELETE /v1/portal-links/{id}",
  "GET /v1/portal-links",
  "GET /v1/portal-links/{id}/branding",
  "POST /v1/portal-links",
  "DELETE /v1/api-keys/{id}",
  "GET /v1/api-keys",
  "GET /v1/api-keys/{id}",
  "POST /v1/api-keys",
  "POST /v1/api-keys/{id}/rotate",
  "DELETE /v1/accounts/{account}",
  "GET /v1/accounts",
  "GET /v1/accounts/{account}",
  "PATCH /v1/accounts/{account}",
  "PUT /v1/accounts/{account}",
  "POST /v1/topics/{topic}/subscriptions/{subscription}/ack",
  "POST /v1/topics/{topic}/subscriptions/{subscription}/nack",
  "POST /v1/topics/{topic}/subscriptions/{subscription}/pull",
  "POST /v1/topics/{topic}/subscriptions/{subscription}/rewind",
  "POST /v1/topics/{topic}/subscriptions/{subscription}/verify",
  "POST /v1/topics/{topic}/subscriptions/{subscription}/test",
];

describe("for orchestrators and monitoring", () => {
  let test: TestApp;
  beforeEach(async () => {
    test = await createTestApp();
  });
  afterEach(() => test.app.close());

  it("/healthz answers 200 while the process runs, even if the server is not ready", async () => {
    test.store.isWritable = false;
    test.readiness = { ready: false };
    const answer = await call(test.app, "GET", "/healthz");
    expect([answer.status, answer.json]).toEqual([200, { status: "ok", version: "0.0.0-test" }]);
  });

  it("/readyz reports whether requests are served", async () => {
    expect(await call(test.app, "GET", "/readyz")).toMatchObject({ status: 200, json: { status: "ready" } });
    test.store.isWritable = false;
    expect(await call(test.app, "GET", "/readyz")).toMatchObject({
      status: 503,
      json: { code: "storage_unavailable" },
    });
    test.readiness = { ready: false, reason: "The engine is still starting." };
    const starting = await call(test.app, "GET", "/readyz");
    expect(starting).toMatchObject({
      status: 503,
      json: { code: "not_ready", detail: "The engine is still starting." },
    });
    expect(Number(starting.headers["retry-after"])).toBeGreaterThan(0);
  });

  it("/metrics gives the Prometheus text format", async () => {
    await call(test.app, "PUT", "/v1/topics/orders");
    const push = { url: "http://127.0.0.1:9/" };
    await call(test.app, "PUT", "/v1/topics/orders/subscriptions/billing", { json: { push } });
    for (const body of ["a", "b", "c"]) await call(test.app, "POST", "/v1/topics/orders/messages", { json: { body } });
    const response = await test.app.inject("/metrics");
    expect(response.headers["content-type"]).toBe("text/plain; version=0.0.4; charset=utf-8");
    expect(response.body).toMatch(/^ringback_cluster_backlog 3$/m);
  });

  it("/openapi.json describes every route", async () => {
    const { json } = await call(test.app, "GET", "/openapi.json");
    expect(json.openapi).toBe("3.1.0");
    const described = Object.entries<object>(json.paths).flatMap(([path, operations]) =>
      Object.keys(operations).map((method) => `${method.toUpperCase()} ${path}`),
    );
    expect(described.toSorted()).toEqual(routes.toSorted());
  });

  it("/openapi.json says which requests need no body", async () => {
    const { json } = await call(test.app, "GET", "/openapi.json");
    type Body = { readonly required: boolean; readonly content: object };
    type Operations = Readonly<Record<string, { readonly requestBody?: Body }>>;
    const wrong: string[] = [];
    let optional = 0;
    for (const [path, operations] of Object.entries<Operations>(json.paths)) {
      for (const [method, { requestBody }] of Object.entries(operations)) {
        // An inbox also keeps messages of no bytes.
        if (requestBody === undefined || !("application/json" in requestBody.content)) continue;
        const { status } = await call(test.app, method.toUpperCase(), path.replaceAll(/\{\w+\}/g, "any"));
        if (!requestBody.required) optional++;
        if (requestBody.required ? status < 400 : status === 415) wrong.push(`${method} ${path}: ${status}`);
      }
    }
    expect(wrong).toEqual([]);
    expect(optional).toBeGreaterThan(8);
  });

  it("/openapi.json leaves no reference unresolved", async () => {
    const { json } = await call(test.app, "GET", "/openapi.json");
    const references = [...JSON.stringify(json).matchAll(/"\$ref":"#\/components\/schemas\/(\w+)"/g)];
    const names = Object.keys(json.components.schemas);
    expect(new Set(references.map(([, name]) => name))).toEqual(new Set(names));
    expect(names).toEqual(expect.arrayContaining(["Attempt", "DeadLetter", "Hook", "Message", "Problem", "Replay"]));
    expect(names).toEqual(
      expect.arrayContaining(["Subscription", "SubscriptionPatch", "SubscriptionSettings", "Topic"]),
    );
    // Every object with members is a component, and every enumeration has a type.
    const { paths, components } = json;
    const forms = JSON.stringify([paths, components], (name, value: unknown) =>
      /^examples?$/.test(name) ? null : value,
    );
    expect(forms.split('"properties":')).toHaveLength(
      Object.values(components.schemas).filter((one) => Object.hasOwn(one as object, "properties")).length + 1,
    );
    const enums = forms.match(/\{[^{}]*"enum":\[[^{}]*\}/g) ?? [];
    expect(enums.filter((one) => !one.includes('"type":'))).toEqual([]);
    expect(json.components.schemas.Problem.properties.code.enum).toContain("too_many_streams");
  });
});
