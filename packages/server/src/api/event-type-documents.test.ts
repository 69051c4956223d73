/** Real: the HTTP application, which is called through `inject`; AsyncAPI's own schema. Faked: event bus, clock. */

import asyncApi from "@asyncapi/specs/schemas/3.0.0-without-$id.json" with { type: "json" };
import { Ajv } from "ajv";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { eventTypeLimits } from "../domain/event-type-limits.ts";
import { messageKey } from "../shapes/asyncapi.ts";
import { call } from "./testing/call.ts";
import { createTestApp, type TestApp } from "./testing/test-app.ts";

const validate = new Ajv({ strict: false, validateFormats: false, logger: false }).compile(asyncApi);
const schema = {
  $schema: "https://json-schema.org/draft/2020-12/schema",
  $defs: { money: { type: "integer", minimum: 1 } },
  type: "object",
  properties: {
    amount: { $ref: "#/$defs/money" },
    $ref: { type: "string" },
    tax: { anyOf: [{ $ref: "#/$defs/money" }] },
  },
};

let test: TestApp;
beforeEach(async () => {
  test = await createTestApp();
});
afterEach(() => test.app.close());

const put = (type: string, json: object) =>
  call(test.app, "PUT", `/v1/event-types/${encodeURIComponent(type)}`, { json });

const document = async () => (await test.app.inject("/v1/asyncapi.json")).json();

describe("the AsyncAPI document", () => {
  it("is valid by AsyncAPI's own schema without event types and with all kinds of them", async () => {
    expect([validate(await document()), validate.errors]).toEqual([true, null]);
    await put("invoice.paid", { schema, example: { amount: 1 }, description: "Paid.", version: "2" });
    await put("a b/c_x~ü", { deprecated: true, example: "text" });
    const made = await document();
    expect([validate(made), validate.errors]).toEqual([true, null]);
    const { messages } = made.channels.webhooks;
    expect(Object.keys(messages)).toEqual(["a_x20_b_x2f_c_x5f_x_x7e__xfc_", "invoice.paid"]);
    expect(messages["invoice.paid"]).toMatchObject({
      name: "invoice.paid",
      "x-version": "2",
      examples: [{ payload: { amount: 1 } }],
    });
    expect(messages[messageKey("a b/c_x~ü")]).toMatchObject({ name: "a b/c_x~ü", deprecated: true });
  });

  it("has references that lead to the same schema as before", async () => {
    await put("invoice.paid", { schema });
    const made = await document();
    const { properties } = made.channels.webhooks.messages["invoice.paid"].payload;
    const target = "#/channels/webhooks/messages/invoice.paid/payload/$defs/money";
    expect(properties).toEqual({
      amount: { $ref: target },
      $ref: { type: "string" },
      tax: { anyOf: [{ $ref: target }] },
    });
    let found = made;
    for (const name of target.split("/").slice(1)) found = found[name];
    expect(found).toEqual(schema.$defs.money);
  });
});

describe("the page", () => {
  it("shows everything as text, and allows neither scripts nor frames", async () => {
    await put("<script>alert(1)</script>", {
      description: '"><img src=x onerror=alert(1)>',
      example: { a: "</code><b>" },
    });
    const { headers, body } = await test.app.inject("/v1/event-types.html");
    expect(headers).toMatchObject({ "content-type": "text/html; charset=utf-8", "x-content-type-options": "nosniff" });
    expect(headers["content-security-policy"]).toMatch(
      /^default-src 'none'; style-src 'sha256-[^']+';.*frame-ancestors 'none'$/,
    );
    expect(body).not.toMatch(/<script|<img|<b>/);
    expect(body).toContain("&lt;script&gt;alert(1)&lt;/script&gt;");
  });

  it("links to the next one", async () => {
    for (let n = 0; n <= eventTypeLimits.pageTypesMax; n++) await put(`t${String(n).padStart(3, "0")}`, {});
    const first = await test.app.inject("/v1/event-types.html");
    const link = /<a href="([^"]+)">/.exec(first.body)?.[1];
    const last = await test.app.inject(`/v1/${link}`);
    expect(last.body).toContain("t100");
    expect(last.body).not.toContain("<a ");
  });
});
