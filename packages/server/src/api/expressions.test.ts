import { readFileSync } from "node:fs";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { call } from "./testing/call.ts";
import { createTestApp, type TestApp } from "./testing/test-app.ts";

let test: TestApp;
beforeEach(async () => {
  test = await createTestApp();
});
afterEach(() => test.app.close());

const topic = "/v1/topics/orders";
const ask = (method: "POST" | "PUT" | "PATCH" | "GET", path: string, body?: object) =>
  call(test.app, method, path, body === undefined ? {} : { json: body });
const tried = async (body: object) => (await ask("POST", "/v1/expressions/test", body)).json;
const put = async (settings: object) => {
  await ask("PUT", topic);
  return ask("PUT", `${topic}/subscriptions/mail`, settings);
};
const url = "https://example.com/hook";

describe("POST /v1/expressions/test", () => {
  it("returns the result for a sample, with all digits", async () => {
    const body = { expression: "{'id': data.id, 'big': data.amount > 100}", message: { body: { id: 1, amount: 120 } } };
    expect(await tried(body)).toEqual({ result: { id: 1, big: true }, request: null, error: null });
  });

  it("returns what a transformation makes", async () => {
    const transform = { body: "{'total': data.amount}", headers: { "x-type": "type" }, url: "'/in/' + type" };
    expect(await tried({ transform, url, message: { body: { amount: 3 }, type: "a" } })).toEqual({
      result: null,
      request: { url: "https://example.com/in/a", headers: { "x-type": "a" }, body: '{"total":3}' },
      error: null,
    });
  });

  it("returns an error with its place", async () => {
    const message = { body: { amount: 3 } };
    expect(await tried({ expression: "data.amount >\n dat", message })).toMatchObject({
      error: { message: expect.stringContaining('no variable "dat"') as string, member: null, line: 2, column: 2 },
    });
    expect(await tried({ transform: { body: "{'a': data.nothing}" }, message })).toMatchObject({
      error: { member: "body", line: 1, column: 11 },
    });
  });

  it("evaluates for a stored message, and for no other", async () => {
    await ask("PUT", topic);
    const { json } = await ask("POST", `${topic}/messages`, { body: { amount: 7 } });
    expect(await tried({ expression: "data.amount", messageId: json.id })).toMatchObject({ result: 7 });
    expect(await tried({ expression: "data.amount", messageId: "1" })).toMatchObject({ code: "message_not_found" });
  });

  it.each([
    [{}, "expression: give either expression or transform"],
    [{ expression: "1", transform: {}, message: { body: 1 } }, "expression: give either expression or transform"],
    [{ expression: "1" }, "message: give either message or messageId"],
    [{ expression: "1", message: { body: 1 }, messageId: "1" }, "message: give either message or messageId"],
    [{ expression: "x".repeat(1_000_000), message: { body: 1 } }, "expression"],
  ])("refuses %#", async (body, detail) => {
    const { status, json } = await ask("POST", "/v1/expressions/test", body);
    expect([status, json.detail]).toEqual([400, expect.stringContaining(detail)]);
  });
});

describe("a subscription", () => {
  it.each([
    [{ push: { url }, filter: { where: "data.amount >\n> 1" } }, "filter.where: line 1, column 13: "],
    [{ push: { url }, filter: { where: "dat.x" } }, "filter.where: line 1, column 1: "],
    [{ push: { url, transform: { body: "foo(1)" } } }, "push.transform.body: line 1, column 1: "],
    [{ push: { url, transform: { headers: { "x-a": "1 +" } } } }, "push.transform.headers.x-a: line 1, column "],
    [{ push: { url, transform: { url: "(" } } }, "push.transform.url: line 1, column "],
  ])("with a mistake in an expression is refused with its place", async (settings, detail) => {
    const { status, json } = await put(settings);
    expect([status, json.code, json.detail]).toEqual([400, "invalid_expression", expect.stringContaining(detail)]);
  });

  it.each([
    [{ push: { url, transform: { headers: { host: "type" } } } }, "is set by the transport"],
    [{ push: { url, transform: { headers: { "content-type": "type" } } } }, "is set by the protocol"],
    [{ push: { url, transform: { headers: { "x\r\ny": "type" } } } }, "is not allowed"],
    [{ push: { url: "tcp://example.com:1", transform: { url: "type" } } }, "http"],
    [{ push: { url }, filter: { where: "x".repeat(100_000) } }, "filter.where"],
  ])("with a header or an expression that cannot be is refused: %#", async (settings, detail) => {
    const { status, json } = await put(settings);
    expect([status, json.detail]).toEqual([400, expect.stringContaining(detail)]);
  });

  it("shows its expressions, and a patch changes them", async () => {
    const { status, json } = await put({ push: { url, transform: { body: "data" } }, filter: { where: "true" } });
    expect([status, json.filter.where, json.push.transform]).toEqual([
      201,
      "true",
      { body: "data", headers: {}, url: null },
    ]);
    const patched = await ask("PATCH", `${topic}/subscriptions/mail`, {
      filter: { where: null },
      push: { transform: null },
    });
    expect([patched.json.filter.where, patched.json.push.transform]).toEqual([null, null]);
  });
});

describe("docs/guide/filters.md", () => {
  const guide = readFileSync(new URL("../../../../docs/guide/filters.md", import.meta.url), "utf8");

  it("has settings that are accepted", async () => {
    for (const [, settings = ""] of guide.matchAll(/```json\n(.*?)```/gs)) {
      const given = JSON.parse(settings) as { push: { protocol?: string } };
      const isSigned = given.push.protocol !== undefined;
      const { status, json } = await put(given);
      expect(isSigned ? json.code !== "invalid_expression" : status < 300).toBe(true);
    }
  });

  it("has expressions that say what it says", async () => {
    const body = {
      amount: 120,
      currency: "EUR",
      customer: { vip: true },
      email: "ann@example.com",
      lines: [{ sku: "a-1" }],
    };
    const message = { body, type: "invoice.paid", tags: ["eu"], attributes: { tier: "gold" } };
    const rows = [...guide.matchAll(/^\| `([^`]+)` \| [^|]+ \|$/gm)].map(([, text]) => text ?? "");
    const examples = rows.filter((text) => /[ (]/.test(text));
    expect(examples.length).toBeGreaterThan(5);
    for (const [index, expression] of examples.entries()) {
      test.clock.nowMs += 1_000 * index;
      expect([expression, (await tried({ expression, message })).result]).toEqual([expression, true]);
    }
  });
});
