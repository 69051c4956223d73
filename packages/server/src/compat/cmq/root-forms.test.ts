import { createHmac } from "node:crypto";
import type { InjectOptions } from "fastify";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { cmqLimits } from "./cmq-limits.ts";
import { recordedAtMs } from "./testing/recorded-requests.ts";
import { cmqScene, type Scene, secretId, secretKey, testHost } from "./testing/scene.ts";
import { tc3Request } from "./testing/tc3-requests.ts";

// Real: the HTTP application and the CMQ API. Faked, in memory: store, publisher, queues, events and clock.
let scene: Scene;
beforeEach(async () => {
  scene = await cmqScene();
});
afterEach(() => scene.app.close());

const nowS = recordedAtMs / 1000;
const uuid = /^[\da-f]{8}-[\da-f]{4}-4[\da-f]{3}-[89ab][\da-f]{3}-[\da-f]{12}$/;

/** Returns the members of the answer, after the checks that hold for every answer of the newer API. */
async function answerTo(request: InjectOptions): Promise<Record<string, unknown>> {
  const response = await scene.app.inject(request);
  expect([response.statusCode, response.headers["content-type"]]).toEqual([200, "application/json"]);
  const { Response, ...rest } = response.json<{ Response: Record<string, unknown> }>();
  expect(rest).toEqual({});
  expect(Response["RequestId"]).toMatch(uuid);
  return Response;
}

async function codeOf(request: InjectOptions): Promise<string> {
  const { Error } = (await answerTo(request)) as { Error?: { Code: string } };
  return Error?.Code ?? "ok";
}

const asDelete = (form: string) => form.replace("DescribeCmqTopics", "DeleteCmqTopic");

let nonce = 0;

/** A request with signature method v1: the signature is among the parameters. */
function formRequest(method: "GET" | "POST", parameters: Record<string, string>, change = (form: string) => form) {
  const all: Record<string, string> = {
    Timestamp: String(nowS),
    Nonce: String(++nonce),
    SecretId: secretId,
    SignatureMethod: "HmacSHA256",
    ...parameters,
  };
  const text = Object.keys(all)
    .toSorted()
    .map((name) => `${name}=${all[name]}`)
    .join("&");
  const Signature = createHmac("sha256", secretKey).update(`${method}${testHost}/?${text}`).digest("base64");
  const form = change(String(new URLSearchParams({ ...all, Signature })));
  const headers = { host: testHost, "content-type": "application/x-www-form-urlencoded" };
  if (method === "GET") return { method, url: `/?${form}`, headers } as const;
  return { method, url: "/", headers, payload: form } as const;
}

const Version = "2020-02-17";

const get = (action: string, query: string) => answerTo(tc3Request({ method: "GET", action, timestampS: nowS, query }));

describe("the newer API", () => {
  it("is served by GET, with the parameters in the query", async () => {
    expect(await get("CreateCmqTopic", "FilterType=1&TopicName=orders")).toMatchObject({ TopicId: expect.any(String) });
    await get(
      "CreateCmqSubscribe",
      "Endpoint=http%3A%2F%2Fh%2F&FilterTag.0=a&FilterTag.1=b&Protocol=http&SubscriptionName=s&TopicName=orders",
    );
    expect(await get("DescribeCmqSubscriptionDetail", "Limit=20&TopicName=orders")).toMatchObject({
      SubscriptionSet: [{ FilterTags: ["a", "b"], Endpoint: "http://h/" }],
    });
  });

  it.each(["GET", "POST"] as const)("is served by %s with the signature among the parameters", async (method) => {
    const call = (Action: string, parameters: Record<string, string>) =>
      answerTo(formRequest(method, { Action, Version, Region: "ap-guangzhou", ...parameters }));
    await call("CreateCmqTopic", { TopicName: "orders", FilterType: "1" });
    const subscription = { TopicName: "orders", SubscriptionName: "s", Protocol: "http", Endpoint: "http://h/?a=1&b" };
    await call("CreateCmqSubscribe", { ...subscription, "FilterTag.0": "a", "FilterTag.1": "b" });
    expect(await call("DescribeCmqSubscriptionDetail", { TopicName: "orders" })).toMatchObject({
      SubscriptionSet: [{ FilterTags: ["a", "b"], Endpoint: "http://h/?a=1&b" }],
    });
    const message = { TopicName: "orders", MsgContent: "中文 +&=", "MsgTag.0": "a" };
    expect(await call("PublishCmqMsg", message)).toMatchObject({ Result: true });
    expect(await call("CreateCmqTopic", {})).toMatchObject({
      Error: { Code: "MissingParameter", Message: "The request is missing a required parameter `TopicName`." },
    });
  });

  it("refuses a replay of a request with a nonce, and a changed one", async () => {
    const request = formRequest("POST", { Action: "DescribeCmqTopics", Version });
    expect(await codeOf(request)).toBe("ok");
    expect(await codeOf(request)).toBe("AuthFailure.SignatureExpire");
    expect(await codeOf(formRequest("POST", { Action: "DescribeCmqTopics", Version }, asDelete))).toBe(
      "AuthFailure.SignatureFailure",
    );
  });

  it("accepts a payload that the client did not sign", async () => {
    const headers = { "x-tc-content-sha256": "UNSIGNED-PAYLOAD" };
    const unsigned = { timestampS: nowS, signedPayload: "UNSIGNED-PAYLOAD", headers };
    const payload = '{"TopicName":"orders"}';
    expect(await codeOf(tc3Request({ ...unsigned, action: "CreateCmqTopic", payload }))).toBe("ok");
    const without = tc3Request({ ...unsigned, headers: {}, action: "DeleteCmqTopic", payload });
    expect(await codeOf(without)).toBe("AuthFailure.SignatureFailure");
  });

  it.each([["PUT"], ["DELETE"], ["PATCH"], ["OPTIONS"]] as const)("refuses %s in its own format", async (method) => {
    expect(await codeOf({ method, url: "/" })).toBe("UnsupportedProtocol");
    expect(await codeOf({ method, url: "/", headers: { "x-tc-action": "DescribeCmqTopics" } })).toBe(
      "UnsupportedProtocol",
    );
  });

  it("answers HEAD with the headers alone", async () => {
    const response = await scene.app.inject({ method: "HEAD", url: "/" });
    expect([response.statusCode, response.headers["content-type"], response.body]).toEqual([
      200,
      "application/json",
      "",
    ]);
  });

  it.each<[string, InjectOptions, string, string]>([
    ["nothing", { method: "GET", url: "/" }, "MissingParameter", "Timestamp"],
    ["an empty body", { method: "POST", url: "/" }, "MissingParameter", "Timestamp"],
    ["a form without parameters", { method: "POST", url: "/", payload: "test=1" }, "MissingParameter", "Timestamp"],
    [
      "an action alone",
      { method: "POST", url: "/", payload: "{}", headers: { "x-tc-action": "A" } },
      "MissingParameter",
      "Timestamp",
    ],
    [
      "no version",
      tc3Request({ action: "A", timestampS: nowS, headers: { "x-tc-version": "" } }),
      "MissingParameter",
      "Version",
    ],
    ["no action", tc3Request({ action: "", timestampS: nowS }), "MissingParameter", "Action"],
    [
      "a form without SecretId",
      formRequest("POST", { Action: "A", Version, SecretId: "" }),
      "MissingParameter",
      "SecretId",
    ],
    ["a form without Nonce", formRequest("POST", { Action: "A", Version, Nonce: "" }), "MissingParameter", "Nonce"],
  ])("names the parameter that is missing from %s", async (_what, request, Code, name) => {
    const Message = `The request is missing a required parameter \`${name}\`.`;
    expect(await answerTo(request)).toMatchObject({ Error: { Code, Message } });
  });

  it("refuses as the cloud words it", async () => {
    const wrong = tc3Request({ action: "DescribeCmqTopics", timestampS: nowS, key: "another" });
    expect(await answerTo(wrong)).toMatchObject({
      Error: {
        Code: "AuthFailure.SignatureFailure",
        Message: "The provided credentials could not be validated. Please check your signature is correct.",
      },
    });
  });

  it("refuses a signature that does not cover content-type and host", async () => {
    for (const signedHeaders of [["host"], ["content-type"], ["x-tc-action"]]) {
      const request = tc3Request({ action: "DescribeCmqTopics", timestampS: nowS, signedHeaders });
      expect(await codeOf(request)).toBe("AuthFailure.InvalidAuthorization");
    }
  });

  it("refuses a request that is too large, in the format of its API", async () => {
    const payload = `{"a":"${"x".repeat(cmqLimits.requestBytesMax)}"}`;
    const request = tc3Request({ action: "SendCmqMsg", timestampS: nowS, payload });
    expect(await codeOf(request)).toBe("RequestSizeLimitExceeded");
  });
});
