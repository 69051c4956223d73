/**
 * For each dialect, a request that its receiver accepts and a request that it refuses. Both are sent through every
 * adapter.
 */

import { createOpencardReceiver } from "../../opencard/create-opencard-receiver.ts";
import { cloudEvents, cloudEventsBinary } from "../../protocols/cloudevents.ts";
import { cmqJson } from "../../protocols/cmq.ts";
import { jsonHook } from "../../protocols/json-hook.ts";
import { opencard } from "../../protocols/opencard.ts";
import { raw } from "../../protocols/raw.ts";
import { standardWebhooks } from "../../protocols/standard-webhooks.ts";
import { jsonRequest, simplifiedRequest } from "../../protocols/testing/cmq.vectors.ts";
import { callWith } from "../../protocols/testing/hook-wire.ts";
import { documentKey, jwcryptoRequest } from "../../protocols/testing/opencard.vectors.ts";
import { fullRequest } from "../../protocols/testing/raw.vectors.ts";
import { textPush } from "../../protocols/testing/wechat.vectors.ts";
import { sampleDelivery } from "../../protocols/testing/wire.ts";
import { createCloudEventsReceiver } from "../create-cloudevents-receiver.ts";
import { createCmqReceiver } from "../create-cmq-receiver.ts";
import { createHookReceiver } from "../create-hook-receiver.ts";
import { createKoipyReceiver } from "../create-koipy-receiver.ts";
import { createReceiver } from "../create-receiver.ts";
import { createWebhookReceiver } from "../create-webhook-receiver.ts";
import { createWechatReceiver } from "../create-wechat-receiver.ts";
import { reject } from "../hook-answers.ts";
import { messageText } from "../message-body.ts";
import type { Receiver } from "../receiver.ts";
import type { RawReply } from "./raw-http.ts";
import { latin1, post } from "./raw-http.ts";
import { asPost, encodedPost } from "./recorded.ts";

export interface DialectSample {
  readonly dialect: string;
  /** Creates a receiver that records what its handler received. */
  readonly receiver: (handled: string[]) => Receiver;
  readonly taken: {
    readonly request: () => Buffer | Promise<Buffer>;
    readonly handled: string;
    readonly status: number;
    readonly body: string;
    /** Reads a reply that is not plain text. */
    readonly read?: (reply: RawReply) => Promise<string>;
  };
  readonly refused: { readonly request: () => Buffer | Promise<Buffer>; readonly status: number };
}

const clock = () => sampleDelivery.sentAtMs;
const secret = { kty: "oct", k: "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY" };
const otherSecret = { kty: "oct", k: "ZmVkY2JhOTg3NjU0MzIxMGZlZGNiYTk4NzY1NDMyMTA" };
const json = ["Content-Type: application/json"];

export const dialectSamples: readonly DialectSample[] = [
  {
    dialect: "raw",
    receiver: (handled) =>
      createReceiver({ protocol: raw, onMessage: (message) => void handled.push(messageText(message)) }),
    taken: { request: () => asPost(fullRequest), handled: '{"id": 12345678901234567890}', status: 204, body: "" },
    refused: { request: () => post("/", [], latin1("{}")), status: 400 },
  },
  {
    dialect: "CMQ in JSON",
    receiver: cmqReceiver("json"),
    taken: { request: () => asPost(jsonRequest), handled: "test message", status: 200, body: "ok" },
    refused: { request: () => asPost(simplifiedRequest), status: 400 },
  },
  {
    dialect: "CMQ, simplified",
    receiver: cmqReceiver("simplified"),
    taken: { request: () => asPost(simplifiedRequest), handled: "test message", status: 200, body: "ok" },
    refused: { request: () => post("/", [], latin1("test message")), status: 400 },
  },
  {
    dialect: "CMQ in any format",
    receiver: cmqReceiver("any"),
    taken: {
      request: () => encodedPost(cmqJson.encode(sampleDelivery)),
      handled: "test message",
      status: 200,
      body: "ok",
    },
    refused: { request: () => post("/", [], latin1("test message")), status: 400 },
  },
  {
    dialect: "WeChat",
    receiver: (handled) => createWechatReceiver({ onPush: (push) => void handled.push(push.data.msgSvrID ?? "no id") }),
    taken: {
      request: () => asPost(textPush),
      handled: "1234567890123456789012",
      status: 200,
      body: '{"response":"success"}',
    },
    refused: { request: () => post("/", json, latin1("[]")), status: 400 },
  },
  {
    dialect: "koipy",
    receiver: (handled) =>
      createKoipyReceiver({
        onMessage: ({ message }) => {
          handled.push(String(message?.["text"]));
          return reject("你已被拉黑!");
        },
      }),
    taken: {
      request: () => post("/callbacks/onMessage", json, latin1('{"message":{"text":"/test"}}')),
      handled: "/test",
      status: 403,
      body: "你已被拉黑!",
    },
    refused: { request: () => post("/callbacks/onMessage", json, latin1('{"message":')), status: 400 },
  },
  {
    dialect: "the JSON hook",
    receiver: (handled) =>
      createHookReceiver({ protocol: jsonHook, onCall: ({ payload }) => void handled.push(JSON.stringify(payload)) }),
    taken: {
      request: () => encodedPost(jsonHook.encode(callWith({ a: 1 }))),
      handled: '{"a":1}',
      status: 204,
      body: "",
    },
    refused: { request: () => post("/", json, latin1("not JSON")), status: 400 },
  },
  {
    dialect: "Opencard",
    receiver: (handled) =>
      createOpencardReceiver({
        keys: { "0": documentKey },
        cards: { "123": ({ intent }) => ({ handled: handled.push(JSON.stringify(intent)) }) },
      }),
    taken: {
      request: () => post("/", ["Content-Type: application/jwt"], latin1(jwcryptoRequest.token)),
      handled: '{"name":"故宫"}',
      status: 200,
      body: '{"status":0,"msg":"","data":{"handled":1}}',
      read: openedOpencardReply,
    },
    refused: {
      request: () => post("/", [], latin1(jwcryptoRequest.token.replace(/.{4}$/, "AAAA"))),
      status: 400,
    },
  },
  {
    dialect: "Standard Webhooks",
    receiver: (handled) =>
      createWebhookReceiver({
        secrets: secret,
        clock,
        onMessage: (message) => void handled.push(messageText(message)),
      }),
    taken: {
      request: async () => encodedPost(await standardWebhooks.encode(sampleDelivery, [{ kid: "k", jwk: secret }])),
      handled: "test message",
      status: 204,
      body: "",
    },
    refused: {
      request: async () => encodedPost(await standardWebhooks.encode(sampleDelivery, [{ kid: "k", jwk: otherSecret }])),
      status: 403,
    },
  },
  {
    dialect: "CloudEvents, structured",
    receiver: cloudEventsReceiver,
    taken: {
      request: () => encodedPost(cloudEvents.encode({ ...sampleDelivery, contentType: "text/plain; charset=utf-8" })),
      handled: "test message",
      status: 204,
      body: "",
    },
    refused: { request: () => post("/", ["Content-Type: application/cloudevents+json"], latin1("{}")), status: 400 },
  },
  {
    dialect: "CloudEvents, binary",
    receiver: cloudEventsReceiver,
    taken: {
      request: () => encodedPost(cloudEventsBinary.encode(sampleDelivery)),
      handled: "test message",
      status: 204,
      body: "",
    },
    refused: { request: () => post("/", ["ce-id: 1", "ce-specversion: 1.0"], latin1("{}")), status: 400 },
  },
];

function cmqReceiver(format: "json" | "simplified" | "any") {
  return (handled: string[]) =>
    createCmqReceiver({ format, onMessage: (message) => void handled.push(messageText(message)) });
}

function cloudEventsReceiver(handled: string[]) {
  return createCloudEventsReceiver({ onMessage: (message) => void handled.push(messageText(message)) });
}

async function openedOpencardReply(reply: RawReply): Promise<string> {
  const call = { ...callWith({}), requestId: "1547805433203-123456", key: { kid: "0", jwk: documentKey } };
  const verdict = await opencard.interpret(reply, call);
  return verdict.kind === "failed" ? verdict.detail : JSON.stringify(verdict.data);
}
