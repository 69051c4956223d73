/** Events as API Gateway, function URLs and load balancers send them, with the members that AWS documents. */

import { describe, expect, it } from "vitest";

import type { ReceiverReply } from "../../protocols/protocol.ts";
import type { ReceivedRequest, Receiver } from "../receiver.ts";
import { type LambdaEvent, toLambdaHandler } from "./lambda.ts";

const everyByte = Uint8Array.from({ length: 256 }, (_, byte) => byte);
const base64 = (bytes: Uint8Array | string) => Buffer.from(bytes).toString("base64");

/** API Gateway with a REST API, or a Lambda integration of format 1.0. */
const format1: LambdaEvent & Record<string, unknown> = {
  resource: "/{proxy+}",
  path: "/callbacks/onMessage",
  httpMethod: "POST",
  headers: { "Content-Type": "application/json", "X-Tag": "b" },
  multiValueHeaders: { "Content-Type": ["application/json"], "X-Tag": ["a", "b"] },
  queryStringParameters: { a: "2", "b c": "é" },
  multiValueQueryStringParameters: { a: ["1", "2"], "b c": ["é"] },
  requestContext: { path: "/prod/callbacks/onMessage", stage: "prod", httpMethod: "POST" },
  body: '{ "a": 1.0 }',
  isBase64Encoded: false,
};

/** API Gateway with an HTTP API, and function URLs. */
const format2: LambdaEvent & Record<string, unknown> = {
  version: "2.0",
  routeKey: "$default",
  rawPath: "/callbacks/onMessage",
  rawQueryString: "a=1&a=2&b%20c=%C3%A9",
  headers: { "content-type": "application/json", "x-tag": "a,b" },
  requestContext: { http: { method: "POST", path: "/callbacks/onMessage" }, stage: "$default" },
  body: base64(everyByte),
  isBase64Encoded: true,
};

function keeping(answer: ReceiverReply = { status: 200, headers: { "x-name": "a" }, body: "ok" }) {
  const requests: ReceivedRequest[] = [];
  const errors: unknown[] = [];
  const receiver: Receiver = {
    bodyBytesMax: 1000,
    // oxlint-disable-next-line typescript/require-await -- a receiver answers with a promise
    refuse: async (error) => ({ status: 500, headers: {}, body: String(errors.push(error)) }),
    handle: (request) => {
      requests.push(request);
      return Promise.resolve(answer);
    },
  };
  return { handler: toLambdaHandler(receiver), requests, errors };
}

describe("the adapter for AWS Lambda", () => {
  it("reads an event of format 1.0", async () => {
    const { handler, requests } = keeping();
    expect(await handler(format1)).toEqual({
      statusCode: 200,
      headers: { "x-name": "a" },
      multiValueHeaders: { "x-name": ["a"] },
      body: "ok",
      isBase64Encoded: false,
    });
    expect(requests[0]).toMatchObject({ method: "POST", path: "/callbacks/onMessage?a=1&a=2&b+c=%C3%A9" });
    expect({ ...requests[0]?.headers }).toEqual({ "content-type": "application/json", "x-tag": "a, b" });
    expect(Buffer.from(requests[0]?.body ?? []).toString()).toBe('{ "a": 1.0 }');
  });

  it("reads an event of format 2.0, byte for byte", async () => {
    const { handler, requests } = keeping();
    expect(await handler(format2)).toEqual({
      statusCode: 200,
      headers: { "x-name": "a" },
      body: "ok",
      isBase64Encoded: false,
    });
    expect(requests[0]).toMatchObject({ method: "POST", path: "/callbacks/onMessage?a=1&a=2&b%20c=%C3%A9" });
    expect(requests[0]?.headers["x-tag"]).toBe("a,b");
    expect(requests[0]?.body).toEqual(everyByte);
  });

  it.each([null, undefined, ""])("takes the body %j as an empty one", async (body) => {
    const { handler, requests } = keeping();
    expect((await handler({ ...format1, body })).statusCode).toBe(200);
    expect(requests[0]?.body).toEqual(new Uint8Array(0));
  });

  it("answers bytes that are not text in base64", async () => {
    const { handler } = keeping({ status: 200, headers: {}, body: everyByte });
    expect(await handler(format2)).toMatchObject({ body: base64(everyByte), isBase64Encoded: true });
  });

  it.each([
    ["text", { body: "x".repeat(1001), isBase64Encoded: false }],
    ["base64", { body: base64("x".repeat(1001)), isBase64Encoded: true }],
    ["much base64", { body: base64("x".repeat(9999)), isBase64Encoded: true }],
  ])("refuses a body of too many bytes as %s", async (_, body) => {
    const { handler, requests, errors } = keeping();
    await handler({ ...format2, ...body });
    expect(errors).toMatchObject([{ code: "body_too_large" }]);
    expect(requests).toEqual([]);
  });

  it("accepts a body of exactly the size limit, and refuses what is not base64", async () => {
    const { handler, requests, errors } = keeping();
    await handler({ ...format2, body: base64("x".repeat(1000)) });
    expect(requests[0]?.body.length).toBe(1000);
    await handler({ ...format2, body: "?" });
    expect(errors).toMatchObject([{ code: "body_incomplete" }]);
  });

  it("takes the text that a middleware has kept, and refuses a parsed body without it", async () => {
    const { handler, requests, errors } = keeping();
    const parsed = { ...format2, body: { a: 1 } };
    await handler({ ...parsed, rawBody: base64('{ "a": 1.0 }') });
    expect(Buffer.from(requests[0]?.body ?? []).toString()).toBe('{ "a": 1.0 }');
    await expect(handler(parsed)).rejects.toMatchObject({ code: "body_already_read" });
    expect(errors).toHaveLength(1);
    expect(requests).toHaveLength(1);
  });

  it("is not misled by an event without members", async () => {
    const { handler, requests } = keeping();
    await handler({});
    expect(requests).toMatchObject([{ method: "", path: "/" }]);
  });
});
