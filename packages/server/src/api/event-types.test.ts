/** Real: the HTTP application, called through `inject`; publisher; memory driver. Faked: event bus, clock. */

import { afterAll, beforeEach, describe, expect, it } from "vitest";
import { call } from "./testing/call.ts";
import { ReusedApps } from "./testing/reused-apps.ts";
import { createTestApp, type TestApp } from "./testing/test-app.ts";

const invoicePaid = "/v1/event-types/invoice.paid";
const schema = {
  $schema: "https://json-schema.org/draft/2020-12/schema",
  type: "object",
  properties: { id: { type: "string", pattern: "^in_[0-9]+$" }, amount: { type: "integer", minimum: 1 } },
  required: ["id", "amount"],
  additionalProperties: false,
};
const example = { id: "in_17", amount: 4200 };

let test: TestApp;
const apps = new ReusedApps(async () => {
  test = await createTestApp();
  return test;
});
beforeEach(async () => void (test = await apps.next()));
afterAll(() => apps.close());

const ask = (method: string, url: string, json?: object, headers: Record<string, string> = {}) =>
  call(test.app, method, url, { ...(json && { json }), headers });

const publish = (json: object) => ask("POST", "/v1/topics/orders/messages", json);

describe("an event type", () => {
  it("is created with 201, replaced with 200, patched, shown and deleted", async () => {
    const made = await ask("PUT", invoicePaid, { description: "Paid.", schema, example, version: "2" });
    expect(made).toMatchObject({ status: 201 });
    expect(made.json).toEqual({
      type: "invoice.paid",
      description: "Paid.",
      schema,
      example,
      deprecated: false,
      version: "2",
      labels: {},
      createdAt: expect.any(String),
      updatedAt: expect.any(String),
    });
    expect((await ask("GET", invoicePaid)).json).toEqual(made.json);
    const patched = await ask("PATCH", invoicePaid, {
      deprecated: true,
      schema: { properties: { id: { maxLength: 9 } } },
    });
    expect(patched).toMatchObject({ status: 200, json: { deprecated: true, version: "2" } });
    expect(patched.json.schema.properties.id).toEqual({ type: "string", pattern: "^in_[0-9]+$", maxLength: 9 });
    expect(await ask("PUT", invoicePaid)).toMatchObject({ status: 200, json: { schema: null, example: null } });
    expect((await ask("DELETE", invoicePaid)).status).toBe(204);
    expect(await ask("GET", invoicePaid)).toMatchObject({ status: 404, json: { code: "event_type_not_found" } });
  });

  it("has an ETag, and honours If-Match and If-None-Match", async () => {
    const { headers } = await ask("PUT", invoicePaid, { example: 1 });
    const etag = String(headers["etag"]);
    expect((await ask("PUT", invoicePaid, {}, { "if-none-match": "*" })).status).toBe(412);
    expect((await ask("PUT", invoicePaid, { example: 2 }, { "if-match": etag })).status).toBe(200);
    expect((await ask("PUT", invoicePaid, { example: 3 }, { "if-match": etag })).status).toBe(412);
  });

  it("is listed by name, in pages and by label", async () => {
    for (const name of ["c", "a.b", "d e/f", "ü"]) {
      const labels: Record<string, string> = name === "c" ? {} : { team: "x" };
      expect((await ask("PUT", `/v1/event-types/${encodeURIComponent(name)}`, { labels })).status).toBe(201);
    }
    const first = await ask("GET", "/v1/event-types?limit=2");
    expect(first.json.items.map(({ type }: { type: string }) => type)).toEqual(["a.b", "c"]);
    const rest = await ask("GET", `/v1/event-types?limit=2&after=${encodeURIComponent(first.json.next)}`);
    expect(rest.json).toMatchObject({ items: [{ type: "d e/f" }, { type: "ü" }], next: null });
    const labelled = await ask("GET", "/v1/event-types?label=team=x");
    expect(labelled.json.items).toHaveLength(3);
  });

  it("is refused with an example that its schema refuses", async () => {
    const refused = await ask("PUT", invoicePaid, { schema, example: { id: "in_17", amount: 0 } });
    expect(refused).toMatchObject({ status: 400, json: { code: "invalid_request", errors: [{ field: "example" }] } });
    expect(refused.json.detail).toContain('at "/amount": must be >= 1');
  });
});

describe("a topic that accepts listed types and valid bodies", () => {
  beforeEach(async () => {
    await ask("PUT", invoicePaid, { schema });
    await ask("PUT", "/v1/event-types/old", { deprecated: true });
    await ask("PUT", "/v1/topics/orders", { accepts: { types: "listed", bodies: "valid" } });
  });

  it("takes a valid body, whose bytes stay as they were sent", async () => {
    expect(await publish({ type: "invoice.paid", body: example })).toMatchObject({ status: 201 });
  });

  it("refuses a type that is not listed, and a message without one", async () => {
    const unlisted = await publish({ type: "invoice.void", body: {} });
    expect(unlisted).toMatchObject({ status: 400, json: { code: "unlisted_type", errors: [{ field: "type" }] } });
    expect(unlisted.json.detail).toContain('"invoice.void" is not listed');
    expect((await publish({ body: {} })).json.detail).toContain("is missing");
  });

  it("refuses an invalid body, and says where", async () => {
    const refused = await publish({ type: "invoice.paid", body: { id: "in_1", amount: "12" } });
    expect(refused).toMatchObject({ status: 400, json: { code: "invalid_body" } });
    expect(refused.json.detail).toBe('body: at "/amount": must be integer (event type invoice.paid, version 1)');
    expect(refused.json.errors).toEqual([{ field: "body", pointer: "/amount", message: "must be integer" }]);
    const more = await publish({ type: "invoice.paid", body: { ...example, "a/b": 1 } });
    expect(more.json.errors[0].message).toContain('"a/b" is not allowed');
    const text = await publish({ type: "invoice.paid", body: "hello" });
    expect(text.json.detail).toContain("must be JSON");
  });

  it("refuses a whole batch for one message, and names the message", async () => {
    const messages = [
      { type: "invoice.paid", body: example },
      { type: "invoice.paid", body: {} },
    ];
    const refused = await ask("POST", "/v1/topics/orders/messages/batch", { messages });
    expect(refused.json).toMatchObject({ code: "invalid_body", errors: [{ field: "messages[1].body", pointer: "" }] });
    const one = await ask("POST", "/v1/topics/orders/messages/batch", { messages: messages.slice(1) });
    expect(one.json.errors[0].field).toBe("messages[0].body");
    expect((await ask("GET", "/v1/topics/orders/messages")).json.items).toEqual([]);
  });

  it("takes a deprecated type, and says so", async () => {
    expect(await publish({ type: "old", body: "anything" })).toMatchObject({ status: 201, json: { deprecated: true } });
    const batch = await ask("POST", "/v1/topics/orders/messages/batch", {
      messages: [
        { type: "old", body: 1 },
        { type: "invoice.paid", body: example },
      ],
    });
    expect(batch.json.messages.map((one: object) => "deprecated" in one)).toEqual([true, false]);
  });

  it("follows changes of the catalogue and of its own setting", async () => {
    expect((await publish({ type: "invoice.paid", body: [] })).status).toBe(400);
    await ask("PUT", invoicePaid, { schema: { type: "array" } });
    expect((await publish({ type: "invoice.paid", body: [] })).status).toBe(201);
    await ask("DELETE", invoicePaid);
    expect((await publish({ type: "invoice.paid", body: [] })).json.code).toBe("unlisted_type");
    await ask("PATCH", "/v1/topics/orders", { accepts: { types: "any" } });
    expect((await publish({ type: "invoice.paid", body: [] })).status).toBe(201);
    await ask("PUT", invoicePaid, { schema });
    expect((await publish({ type: "invoice.paid", body: [] })).json.code).toBe("invalid_body");
    await ask("PATCH", "/v1/topics/orders", { accepts: null });
    expect((await publish({ type: "invoice.paid", body: [] })).status).toBe(201);
  });
});
