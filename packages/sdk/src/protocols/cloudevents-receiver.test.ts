import { describe, expect, it } from "vitest";

import { cloudEvents, cloudEventsBinary } from "./cloudevents.ts";
import type { IncomingRequest } from "./protocol.ts";
import { UndecodableError } from "./protocol.ts";
import { fullDelivery as full, binaryRequest, foreignRequest, jsonRequest } from "./testing/cloudevents.vectors.ts";
import { received } from "./testing/wire.ts";

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const text = (body: Uint8Array): string => new TextDecoder("utf-8", { ignoreBOM: true }).decode(body);

const decoded = (request: IncomingRequest) => cloudEvents.decode(request);
/** An event in structured mode with the required members and the given `members`. */
const eventWith = (members: string): IncomingRequest => ({
  method: "POST",
  headers: { "content-type": "application/cloudevents+json" },
  body: bytes(`{"specversion":"1.0","id":"1","source":"/s","type":"t"${members && `,${members}`}}`),
});

/** An event in binary mode with the required headers. `changed` replaces or removes some of them. */
const binaryWith = (changed: Record<string, string | undefined>): IncomingRequest => ({
  method: "POST",
  headers: { "ce-specversion": "1.0", "ce-id": "1", "ce-source": "/s", "ce-type": "t", host: "h", ...changed },
  body: bytes("x"),
});

const refused = (run: () => unknown, message: RegExp): void => {
  expect(run).toThrow(UndecodableError);
  expect(run).toThrow(message);
};

const nested = (levels: number): string => "[".repeat(levels) + "]".repeat(levels);

describe("the receiver's half of cloudevents", () => {
  const carried = {
    topicOwner: null,
    topic: "MyTopic",
    subscription: "mysubscription",
    messageId: "6942316962",
    requestId: "2394928734",
    attempt: 3,
    publishedAtMs: 11203432_017,
    contentType: "application/json",
    tags: ["a", "标签"],
    type: "orders.cn.paid",
    orderingKey: "customer-7",
  };

  it.each([cloudEvents, cloudEventsBinary])("reads the recorded requests of both modes in $name", (protocol) => {
    expect(protocol.decode(received(jsonRequest))).toEqual({
      ...carried,
      protocol: "cloudevents",
      body: full.body,
      attributes: {
        "ce-source": "/topics/MyTopic",
        "ce-type": "orders.cn.paid",
        "ce-subject": "Zoë",
        "ce-comexampleother": "5",
      },
    });
    expect(protocol.decode(received(binaryRequest))).toEqual({
      ...carried,
      protocol: "cloudevents-binary",
      topic: "主题",
      body: bytes('{"id": 12345678901234567890}'),
      type: null,
      orderingKey: null,
      attributes: {
        "ce-source": "/topics/%E4%B8%BB%E9%A2%98",
        "ce-type": "com.example.paid",
        "ce-subject": "Euro € 😀",
      },
    });
  });

  it("reads an event of another sender, with the data's own bytes", () => {
    expect(decoded(received(foreignRequest))).toEqual({
      protocol: "cloudevents",
      topicOwner: null,
      topic: "https://example.com/mycontext?a=b",
      subscription: null,
      messageId: "C234-1234-1234",
      requestId: null,
      attempt: null,
      publishedAtMs: 1522949460500,
      body: bytes('{\n        "appinfoB" : 9007199254740993\n    }'),
      contentType: "application/json",
      tags: [],
      type: "com.example.someevent",
      orderingKey: null,
      attributes: {
        "ce-type": "com.example.someevent",
        "ce-source": "https://example.com/mycontext?a=b",
        "ce-comexampleextension1": "värde",
        "ce-comexampleothervalue": "-5",
        "ce-comexampleflag": "true",
      },
    });
  });

  it.each([
    ["JSON null", '"data":null', "null", "application/json"],
    ["a JSON string", '"data":"a \\u0041"', '"a \\u0041"', "application/json"],
    ["a number", '"datacontenttype":"text/json","data": 1.00 ', "1.00", "text/json"],
    ["half a surrogate pair in JSON", '"data":"\\ud800"', '"\\ud800"', "application/json"],
    ["the last of several", '"data":1,"d\\u0061ta":[2]', "[2]", "application/json"],
    ["a string of another type", '"datacontenttype":"text/xml","data":"<a\\n\\"/>"', '<a\n"/>', "text/xml"],
    ["no data of another type", '"datacontenttype":"text/xml","data":null', "", "text/xml"],
    ["no data", '"datacontenttype":"text/xml"', "", "text/xml"],
    ["nothing at all", "", "", null],
    ["base64", '"datacontenttype":"application/json","data_base64":"ew=="', "{", "application/json"],
    ["base64 of no known type", '"data_base64":"ew=="', "{", null],
    ["base64 beside a type that is null", '"datacontenttype":null,"data_base64":"ew=="', "{", null],
    ["data beside base64 that is null", '"data":{},"data_base64":null', "{}", "application/json"],
  ])("accepts %s", (_, members, body, contentType) => {
    expect(decoded(eventWith(members))).toMatchObject({ body: bytes(body), contentType });
  });

  it.each([
    ["both kinds of data", '"data":1,"data_base64":"ew=="', /^data: not allowed together with data_base64$/],
    [
      "data that is null beside base64",
      '"data":null,"data_base64":"ew=="',
      /^data: not allowed together with data_base64$/,
    ],
    ["base64url", '"data_base64":"_w=="', /^data_base64: not base64$/],
    ["base64 with white space", '"data_base64":" ew=="', /^data_base64: not base64$/],
    ["base64 that is no string", '"data_base64":[]', /^data_base64: not a string$/],
    ["an object that is said to be text", '"datacontenttype":"text/plain","data":{}', /^data: not a string/],
    ["text that has no bytes", '"datacontenttype":"text/plain","data":"\\ud800"', /^data: half a surrogate pair/],
    ["a content type that is no string", '"datacontenttype":1', /^datacontenttype: not a string$/],
    ["a content type with a line break", '"datacontenttype":"a\\r\\nb: c"', /^datacontenttype: contains control/],
    ["an attribute in upper case", '"myExtension":"x"', /^an attribute's name: not lower-case letters/],
    ["an attribute named __proto__", '"__proto__":"x"', /^an attribute's name: /],
    ["an attribute without a name", '"":"x"', /^an attribute's name: /],
    ["an attribute with a long name", `"${"a".repeat(65)}":"x"`, /^an attribute's name: /],
    ["an object for an attribute", '"ext":{"a":1}', /^ext: neither a string nor a boolean nor an exact integer$/],
    ["an array for an attribute of no possible name", '"__proto__":[1]', /^an attribute: neither a string/],
    ["a fraction", '"ext":1.5', /^ext: neither/],
    ["an integer that has lost its digits", '"ext":9007199254740993', /^ext: neither/],
    ["a control character", '"ext":"a\\u0000"', /^ext: contains control characters$/],
    ["half a surrogate pair", '"ext":"\\ud800"', /^ext: half a surrogate pair$/],
    ["absurd length", `"ext":"${"x".repeat(8193)}"`, /^ext: longer than 8192 characters$/],
    ["another version", '"specversion":"0.3"', /^specversion: not 1\.0$/],
    ["a version that is a number", '"specversion":1.0', /^specversion: not 1\.0$/],
    ["no version", '"specversion":null', /^specversion: missing$/],
    ["no id", '"id":null', /^id: missing$/],
    ["an empty id", '"id":""', /^id: empty$/],
    ["an id of absurd length", `"id":"${"x".repeat(257)}"`, /^id: longer than 256/],
    ["no source", '"source":null', /^source: missing$/],
    ["an empty source", '"source":""', /^source: empty$/],
    ["no type", '"type":null', /^type: missing$/],
    ["an empty type", '"type":""', /^type: empty$/],
    ["a time that is none", '"time":"2018-02-30T00:00:00Z"', /^time: not a time/],
    ["a time as a number", '"time":1522949460', /^time: not a time/],
    ["an empty topic", '"ringbacktopic":""', /^ringbacktopic: empty$/],
    ["an empty subscription", '"ringbacksubscription":""', /^ringbacksubscription: empty$/],
    ["a request id that is no number", '"ringbackrequestid":"x"', /^ringbackrequestid: /],
    ["attempt 0", '"ringbackattempt":0', /^ringbackattempt: the first attempt is 1$/],
    ["a negative attempt", '"ringbackattempt":-1', /^ringbackattempt: /],
    ["too many tags", `"ringbacktags":"${"a,".repeat(65)}"`, /^ringbacktags: more than 64 tags$/],
    [
      "more attributes than any event has",
      Array.from({ length: 61 }, (_, at) => `"a${at}":""`).join(","),
      /^attributes: more than 64$/,
    ],
  ])("refuses an event with %s", (_, members, message) => {
    refused(() => decoded(eventWith(members)), message);
  });

  it.each(["", "[]", "[{}]", "null", "1", '"a"', "{", "\ufeff{}", "{}x"])("refuses %j for a body", (body) => {
    refused(() => decoded({ ...eventWith(""), body: bytes(body) }), /^body: not (?:JSON|a JSON object)$/);
  });

  it("refuses bytes that are not UTF-8, other methods, and a body that is far too large", () => {
    refused(() => decoded({ ...eventWith(""), body: Uint8Array.of(0x7b, 0xff, 0x7d) }), /^body: not UTF-8$/);
    refused(() => decoded({ ...eventWith(""), method: "PUT" }), /^method: /);
    refused(() => decoded({ ...eventWith(""), body: new Uint8Array(8 * 1024 * 1024 + 1) }), /^body: larger/);
  });

  it("accepts data nested a hundred levels deep, and refuses deeper JSON unparsed", () => {
    expect(text(decoded(eventWith(`"data":${nested(100)}`)).body)).toBe(nested(100));
    refused(() => decoded(eventWith(`"ext":${nested(100)}`)), /^ext: neither/);
    for (const levels of [101, 4_000_000]) {
      refused(() => decoded(eventWith(`"data":${nested(levels)}`)), /^body: JSON deeper than 101 levels$/);
    }
  });

  it.each([
    [
      "a batch",
      "application/cloudevents-batch+json; charset=utf-8",
      /^content-type: a batch; only requests with one event/,
    ],
    ["a batch of another format", "Application/CloudEvents-Batch+avro", /^content-type: a batch/],
    ["another format", "application/cloudevents+avro", /^content-type: JSON is the only accepted/],
    ["no format", "application/cloudevents", /^content-type: JSON is the only accepted/],
    ["another charset", "application/cloudevents+json; charset=utf-16", /^content-type: JSON is always UTF-8$/],
    [
      "nothing of an event's",
      "application/json",
      /^content-type: not application\/cloudevents\+json, and no ce-\* headers/,
    ],
    ["no text", "\u00ff", /^content-type: not UTF-8$/],
  ])("refuses a content type that means %s", (_, contentType, message) => {
    refused(() => decoded({ ...eventWith(""), headers: { "content-type": contentType } }), message);
  });

  it("depends on the content type when there are headers as well", () => {
    const request = eventWith('"data":1');
    const headers = { ...request.headers, "ce-specversion": "0.3", "ce-x y": "z", "ce-id": "other" };
    expect(decoded({ ...request, headers })).toMatchObject({ protocol: "cloudevents", messageId: "1" });
  });

  it("accepts headers as older senders wrote them", () => {
    const headers = { "ce-subject": '"a \\"b\\" %C3%AB"', "ce-other": "50% off", "ce-datacontenttype": "a/b" };
    const message = decoded(binaryWith(headers));
    expect(message).toMatchObject({ protocol: "cloudevents-binary", contentType: null, body: bytes("x") });
    expect(message.attributes).toEqual({
      "ce-source": "/s",
      "ce-type": "t",
      "ce-subject": 'a "b" ë',
      "ce-other": "50% off",
    });
  });

  it.each<[string, Record<string, string | undefined>, RegExp]>([
    ["no version", { "ce-specversion": undefined }, /^specversion: missing$/],
    ["another version", { "ce-specversion": "0.3" }, /^specversion: not 1\.0$/],
    ["no id", { "ce-id": undefined }, /^id: missing$/],
    ["no source", { "ce-source": undefined }, /^source: missing$/],
    ["no type", { "ce-type": undefined }, /^type: missing$/],
    ["an attribute with a hyphen", { "ce-a-b": "x" }, /^an attribute's name: /],
    ["an attribute without a name", { "ce-": "x" }, /^an attribute's name: /],
    ["data in a header", { "ce-data": "x" }, /^an attribute's name: /],
    ["an encoded line break", { "ce-subject": "a%0D%0Ab" }, /^subject: contains control characters$/],
    ["an overlong space", { "ce-subject": "%C0%A0" }, /^ce-\*: not UTF-8$/],
    [
      "a quoted string without a closing quote",
      { "ce-subject": '"a' },
      /^ce-\*: a quoted string without a closing quote$/,
    ],
    ["absurd length", { "ce-subject": "x".repeat(8193) }, /^subject: longer than 8192/],
    ["an attempt with a zero before it", { "ce-ringbackattempt": "01" }, /^ringbackattempt: /],
    [
      "more attributes than any event has",
      Object.fromEntries(Array.from({ length: 61 }, (_, at) => [`ce-a${at}`, "x"])),
      /^attributes: more than 64$/,
    ],
  ])("refuses headers with %s", (_, changed, message) => {
    refused(() => decoded(binaryWith(changed)), message);
  });
});
