import { CloudEvent, HTTP } from "cloudevents";
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";

import { cloudEvents, cloudEventsBinary } from "./cloudevents.ts";
import type { IncomingRequest, OutgoingDelivery } from "./protocol.ts";
import { UndecodableError, UnencodableError } from "./protocol.ts";
import {
  binaryRequest,
  bytesRequest,
  emptyRequest,
  foreignRequest,
  jsonRequest,
  textRequest,
} from "./testing/cloudevents.vectors.ts";
import { arrived, deliveries, messageText, printed, received, sampleDelivery } from "./testing/wire.ts";

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const text = (body: Uint8Array): string => new TextDecoder("utf-8", { ignoreBOM: true }).decode(body);

const full: OutgoingDelivery = {
  ...sampleDelivery,
  attempt: 3,
  publishedAtMs: 11203432_017,
  contentType: "application/json",
  tags: ["a", "标签"],
  type: "orders.cn.paid",
  orderingKey: "customer-7",
  attributes: { trace: "4bf92f35", "ce-subject": "Zoë", "ce-comexampleother": "5" },
  body: bytes('{"id": 12345678901234567890,\n "id": 1.0}'),
};

const bare: OutgoingDelivery = {
  ...sampleDelivery,
  topic: "t",
  subscription: "s",
  messageId: "1",
  requestId: "2",
  publishedAtMs: 0,
  tags: [],
  body: new Uint8Array(),
};

const decoded = (request: IncomingRequest) => cloudEvents.decode(request);
/** An event in structured mode with the required members and these. */
const eventWith = (members: string): IncomingRequest => ({
  method: "POST",
  headers: { "content-type": "application/cloudevents+json" },
  body: bytes(`{"specversion":"1.0","id":"1","source":"/s","type":"t"${members && `,${members}`}}`),
});

/** An event in binary mode with the required headers, of which `changed` replaces some. */
const binaryWith = (changed: Record<string, string | undefined>): IncomingRequest => ({
  method: "POST",
  headers: { "ce-specversion": "1.0", "ce-id": "1", "ce-source": "/s", "ce-type": "t", host: "h", ...changed },
  body: bytes("x"),
});

const refused = (run: () => unknown, message: RegExp): void => {
  expect(run).toThrow(UndecodableError);
  expect(run).toThrow(message);
};

describe("the sender's half of cloudevents", () => {
  it.each<[string, string, Partial<OutgoingDelivery>]>([
    ["JSON", jsonRequest, full],
    ["text", textRequest, { ...bare, contentType: "text/plain; charset=utf-8", body: bytes('say "hi"\n') }],
    ["bytes of which nobody said what they are", bytesRequest, { ...bare, body: Uint8Array.of(0, 255, 127) }],
    ["nothing", emptyRequest, { ...bare, contentType: "application/json" }],
  ])("writes the recorded request around %s, byte for byte", (_, recorded, delivery) => {
    expect(printed(cloudEvents.encode({ ...bare, ...delivery }))).toEqual(bytes(recorded));
  });

  it.each([["text/json"], ["Application/Vnd.Example+JSON; charset=utf-8"], ["application/cloudevents+json"]])(
    "accepts %s for JSON",
    (contentType) => {
      const { body } = cloudEvents.encode({ ...bare, contentType, body: bytes("[1.0]") });
      expect(text(body)).toMatch(/,"data":\[1\.0\]\}$/);
    },
  );

  it.each([
    ["text that is no UTF-8", "text/plain", Uint8Array.of(0xff)],
    ["text of another charset", "text/plain; charset=gb18030", bytes("plain")],
    ["XML, which may say itself what charset it has", "application/xml", bytes("<a/>")],
    ["lines of JSON", "application/jsonl", bytes("{}\n{}")],
    ["what is no content type", "json", bytes("{}")],
  ])("puts %s in base64", (_, contentType, body) => {
    const sent = cloudEvents.encode({ ...bare, contentType, body });
    expect(text(sent.body)).toContain(`,"data_base64":"${Buffer.from(body).toString("base64")}"}`);
    expect(decoded(arrived(sent))).toMatchObject({ body, contentType });
  });

  it.each(["{", "{}{}", "\ufeff{}", "NaN", "'a'", '{"a":1,}', " "])("refuses %j as JSON", (body) => {
    const delivery = { ...bare, contentType: "application/json", body: bytes(body) };
    expect(() => cloudEvents.encode(delivery)).toThrow(UnencodableError);
    expect(() => cloudEvents.encode(delivery)).toThrow(/^body: not JSON/);
  });

  it("refuses bytes that are no text as JSON", () => {
    const body = Uint8Array.of(0x22, 0xff, 0x22);
    expect(() => cloudEvents.encode({ ...bare, contentType: "application/json", body })).toThrow(UnencodableError);
  });
});

describe("the sender's half of cloudevents-binary", () => {
  const delivery = {
    ...full,
    topic: "主题",
    type: null,
    orderingKey: "",
    attributes: { "ce-type": "com.example.paid", "ce-subject": "Euro € 😀", name: "x" },
    body: bytes('{"id": 12345678901234567890}'),
  };

  it("writes the recorded request, byte for byte", () => {
    expect(printed(cloudEventsBinary.encode(delivery))).toEqual(bytes(binaryRequest));
  });

  it("sends the message's own bytes, not a copy, as bytes without a content type", () => {
    const request = cloudEventsBinary.encode({ ...delivery, contentType: null });
    expect(request.body).toBe(delivery.body);
    expect(request.headers.slice(0, 2)).toEqual(["Content-Type", "application/octet-stream"]);
  });

  it("carries a body with a JSON content type that is not JSON", () => {
    expect(cloudEventsBinary.encode({ ...delivery, body: bytes("{") }).body).toEqual(bytes("{"));
  });

  it.each(["application/cloudevents+json", "Application/CloudEvents-Batch+json; a=b", "application/cloudevents"])(
    "refuses a message of the content type %s, which would be taken for the event itself",
    (contentType) => {
      expect(() => cloudEventsBinary.encode({ ...delivery, contentType })).toThrow(UnencodableError);
    },
  );
});

describe.each([cloudEvents, cloudEventsBinary])("the attributes that the sender's half of $name writes", (protocol) => {
  const sent = (fault: Partial<OutgoingDelivery>) => protocol.decode(arrived(protocol.encode({ ...full, ...fault })));

  it("are the publisher's where the publisher sets them", () => {
    const attributes = {
      "ce-type": "com.example.paid",
      "ce-source": "https://example.com/%E4%B8%BB?a=b#c",
      "ce-subject": '100% "sure"',
      "ce-dataschema": "urn:example:schema:1",
      "ce-time": "2018-04-05T19:31:00+02:00",
      "ce-comexample": "x",
      "ce-0": "y",
    };
    const { "ce-time": _, ...arriving } = attributes;
    expect(sent({ attributes })).toMatchObject({ publishedAtMs: 1522949460000, attributes: arriving });
  });

  it("do not include the publisher's other attributes", () => {
    expect(sent({ attributes: { trace: "1", ce: "2", "cex-a": "3" } }).attributes).toEqual({
      "ce-source": "/topics/MyTopic",
      "ce-type": "orders.cn.paid",
    });
  });

  it.each<[string, Partial<OutgoingDelivery>, string, string | null]>([
    ["the message's type", { type: "invoice.payment_failed" }, "invoice.payment_failed", "invoice.payment_failed"],
    ["the publisher's ce-type", { type: "a.b", attributes: { "ce-type": "com.example" } }, "com.example", "a.b"],
    ["ringback.message, of a message without a type", { type: null }, "ringback.message", null],
    ["ringback.message, of a message with an empty type", { type: "" }, "ringback.message", null],
  ])("have %s as the type", (_, message, eventType, type) => {
    expect(sent({ attributes: {}, ...message })).toMatchObject({ type, attributes: { "ce-type": eventType } });
  });

  it.each<[string, Partial<OutgoingDelivery>]>([
    ["an extension with a hyphen", { attributes: { "ce-a-b": "x" } }],
    ["an extension in upper case", { attributes: { "ce-A": "x" } }],
    ["an extension with 21 letters", { attributes: { [`ce-${"a".repeat(21)}`]: "x" } }],
    ["an extension without a name", { attributes: { "ce-": "x" } }],
    ["an extension with a colon in its name", { attributes: { "ce-a: b": "x" } }],
    ["an id of the publisher's", { attributes: { "ce-id": "x" } }],
    ["another version", { attributes: { "ce-specversion": "0.3" } }],
    ["a content type of the data's beside the message's", { attributes: { "ce-datacontenttype": "a/b" } }],
    ["data in an attribute", { attributes: { "ce-data": "x" } }],
    ["an extension of ours", { attributes: { "ce-ringbacktopic": "x" } }],
    ["an empty subject", { attributes: { "ce-subject": "" } }],
    ["an empty type", { attributes: { "ce-type": "" } }],
    ["a subject with a line break", { attributes: { "ce-subject": "a\r\nb" } }],
    ["a subject with a noncharacter", { attributes: { "ce-subject": "\ufffe" } }],
    ["a subject with half a surrogate pair", { attributes: { "ce-subject": "\ud800" } }],
    ["a source with a space", { attributes: { "ce-source": "/a b" } }],
    ["a source with a percent sign on its own", { attributes: { "ce-source": "/100%" } }],
    ["a source that is not ASCII", { attributes: { "ce-source": "/主题" } }],
    ["a schema that is no address", { attributes: { "ce-dataschema": "/schema" } }],
    ["a time that is none", { attributes: { "ce-time": "yesterday" } }],
    ["a topic with a control character", { topic: "a\u007f" }],
    ["a topic with half a surrogate pair", { topic: "\udc00" }],
    ["a topic without a name", { topic: "" }],
    ["a subscription with a noncharacter", { subscription: "\u{10ffff}" }],
    ["a type with a tab", { type: "a\tb" }],
    ["an ordering key with half a surrogate pair", { orderingKey: "a\udc00" }],
    ["a tag with a comma", { tags: ["a,b"] }],
    ["a tag with a line break", { tags: ["a\nb"] }],
    ["a content type with a line break", { contentType: "text/plain\nx: y" }],
    ["a message id that is no number", { messageId: "x" }],
    ["a request id that is no number", { requestId: "" }],
    ["an attempt before the epoch of attempts", { attempt: -1 }],
    ["an attempt past the specification's integers", { attempt: 2 ** 31 }],
    ["a time between two milliseconds", { publishedAtMs: 1.5 }],
    ["a time after the year 9999", { publishedAtMs: 253_402_300_800_000 }],
  ])("refuses %s", (_, fault) => {
    expect(() => protocol.encode({ ...full, ...fault })).toThrow(UnencodableError);
  });

  it("counts 410 as never again, and uses Retry-After", () => {
    const reply = { headers: { "retry-after": "7" }, body: bytes("") };
    expect(protocol.interpret({ ...reply, status: 202 })).toEqual({ kind: "accepted" });
    expect(protocol.interpret({ ...reply, status: 410 })).toEqual({ kind: "gone" });
    expect(protocol.interpret({ ...reply, status: 503 })).toMatchObject({ retryAfter: { delayMs: 7000 } });
  });

  it("is answered with success when the message was handled, and only then", () => {
    expect(protocol.reply(true)).toEqual({ status: 204, headers: {}, body: "" });
    expect(protocol.reply(false).status).toBe(500);
  });
});

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

  it("reads an event from elsewhere, with the data's own bytes", () => {
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

  it("refuses bytes that are no text, another method, and a body of absurd size", () => {
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

const noNoncharacters = (value: string): string => value.replace(/\p{Noncharacter_Code_Point}/gu, "");

const inside = (value: string | null): string | null =>
  value === null ? null : noNoncharacters(value).replace(/^ +| +$/g, "") || null;

/**
 * Deliveries that an event can carry: without noncharacters, and with attributes that set each kind of event attribute.
 */
function events(
  body: fc.Arbitrary<Uint8Array>,
  contentType: fc.Arbitrary<string | null>,
): fc.Arbitrary<OutgoingDelivery> {
  const given = fc.dictionary(
    fc.constantFrom("ce-subject", "ce-type", "ce-a", "ce-partitionkey", "other"),
    fc.string({ minLength: 1 }),
  );
  return fc
    .tuple(deliveries(body), contentType, given, fc.integer({ min: 0, max: 253_402_300_799_999 }))
    .map(([delivery, type, attributes, publishedAtMs]) => ({
      ...delivery,
      publishedAtMs,
      contentType: type,
      attributes,
      tags: delivery.tags.map(inside).filter((tag) => tag !== null),
      type: inside(delivery.type),
      orderingKey: inside(delivery.orderingKey),
    }));
}

const expected = (delivery: OutgoingDelivery) => {
  const { other: _, ...given } = delivery.attributes;
  return {
    topicOwner: null,
    topic: delivery.topic,
    subscription: delivery.subscription,
    messageId: delivery.messageId,
    requestId: delivery.requestId,
    attempt: delivery.attempt,
    publishedAtMs: delivery.publishedAtMs,
    body: delivery.body,
    contentType: delivery.contentType ?? "application/octet-stream",
    tags: delivery.tags,
    type: delivery.type,
    orderingKey: delivery.orderingKey,
    attributes: {
      "ce-source": `/topics/${encodeURIComponent(delivery.topic)}`,
      "ce-type": delivery.type ?? "ringback.message",
      ...given,
    },
  };
};

const jsonType = fc.constantFrom("application/json", "application/a+json; charset=utf-8", "text/json");
const otherType = fc.constantFrom(
  null,
  "text/plain",
  "text/plain; charset=gbk",
  "application/xml",
  "image/png",
  "json",
  "é",
);

describe("any message", () => {
  const anyBytes = fc.oneof(fc.uint8Array({ maxLength: 200 }), messageText.map(bytes));

  it("arrives in structured mode as it was sent, in another type than JSON", () => {
    fc.assert(
      fc.property(events(anyBytes, otherType), (delivery) => {
        const message = decoded(arrived(cloudEvents.encode(delivery)));
        expect(message).toEqual({ protocol: "cloudevents", ...expected(delivery) });
      }),
    );
  });

  it("arrives in structured mode as it was sent, in JSON but for the white space around it", () => {
    const json = fc.tuple(fc.json(), fc.constantFrom("", " ", "\n\t"), fc.constantFrom("", " ", "\r\n"));
    const body = json.map(([value, before, after]) => bytes(before + value + after));
    fc.assert(
      fc.property(events(body, jsonType), (delivery) => {
        const message = decoded(arrived(cloudEvents.encode(delivery)));
        const trimmed = bytes(text(delivery.body).replace(/^[ \n\t]+|[ \r\n]+$/g, ""));
        expect(message).toEqual({ protocol: "cloudevents", ...expected(delivery), body: trimmed });
      }),
    );
  });

  it("arrives in binary mode as it was sent", () => {
    fc.assert(
      fc.property(events(anyBytes, fc.oneof(jsonType, otherType)), (delivery) => {
        const message = decoded(arrived(cloudEventsBinary.encode(delivery)));
        expect(message).toEqual({ protocol: "cloudevents-binary", ...expected(delivery) });
      }),
    );
  });
});

/** Parses a request with the cloudevents package. */
const sdkEvent = (request: ReturnType<typeof cloudEvents.encode>): CloudEvent<unknown> => {
  const { headers, body } = arrived(request);
  const event = HTTP.toEvent<unknown>({ headers, body: text(body) });
  if (Array.isArray(event)) throw new Error("one event was sent");
  return event as CloudEvent<unknown>;
};

describe("beside the cloudevents package", () => {
  const json = { a: [1, "ë", null], b: { c: true } };
  const sample = { ...full, body: bytes(JSON.stringify(json)), tags: ["a", "b"], attributes: { "ce-subject": "s/1" } };

  it.each([cloudEvents, cloudEventsBinary])("an event of $name is accepted and valid", (protocol) => {
    const event = sdkEvent(protocol.encode(sample));
    expect(event.validate()).toBe(true);
    expect(event).toMatchObject({
      specversion: "1.0",
      id: "6942316962",
      source: "/topics/MyTopic",
      type: "orders.cn.paid",
      subject: "s/1",
      time: "1970-05-10T16:03:52.017Z",
      datacontenttype: "application/json",
      data: json,
      ringbacktopic: "MyTopic",
      ringbacksubscription: "mysubscription",
      ringbackorderingkey: "customer-7",
    });
    expect(String(event["ringbackattempt"])).toBe("3");
  });

  it("text and bytes are accepted in structured mode", () => {
    const asText = sdkEvent(cloudEvents.encode({ ...sample, contentType: "text/plain", body: bytes("Zoë\n") }));
    expect(asText.validate()).toBe(true);
    expect(asText.data).toBe("Zoë\n");
    const asBytes = sdkEvent(cloudEvents.encode({ ...sample, contentType: null, body: Uint8Array.of(0, 255, 127) }));
    expect(asBytes.validate()).toBe(true);
    expect(Array.from(asBytes.data as Uint32Array)).toEqual([0, 255, 127]);
  });

  it("an event is valid with every attribute that a publisher may set", () => {
    const attributes = {
      "ce-type": "com.example.paid",
      "ce-source": "https://example.com/a?b=c",
      "ce-dataschema": "https://example.com/schema#1",
      "ce-time": "2018-04-05T19:31:00+02:00",
      "ce-partitionkey": "7",
    };
    const event = sdkEvent(cloudEvents.encode({ ...sample, attributes }));
    expect(event.validate()).toBe(true);
    expect(event).toMatchObject({ type: "com.example.paid", partitionkey: "7", time: "2018-04-05T17:31:00.000Z" });
  });

  const given = {
    id: "e-1",
    source: "https://example.com/source",
    type: "com.example.made",
    subject: "a/b",
    time: "2018-04-05T17:31:00.000Z",
    comexample: "x",
    comexampleflag: true,
    comexamplenumber: 7,
  };
  const carried = {
    messageId: "e-1",
    topic: "https://example.com/source",
    publishedAtMs: 1522949460000,
    type: "com.example.made",
    attributes: {
      "ce-source": "https://example.com/source",
      "ce-type": "com.example.made",
      "ce-subject": "a/b",
      "ce-comexample": "x",
      "ce-comexampleflag": "true",
      "ce-comexamplenumber": "7",
    },
  };

  const sentBy = ({ headers, body }: { headers: Record<string, unknown>; body: unknown }): IncomingRequest => ({
    method: "POST",
    headers: Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), String(value)])),
    body: body instanceof Uint8Array ? body : bytes(String(body)),
  });

  it("its events are accepted in both modes, with JSON", () => {
    const event = new CloudEvent({ ...given, datacontenttype: "application/json", data: json });
    for (const [mode, protocol] of [
      [HTTP.structured(event), "cloudevents"],
      [HTTP.binary(event), "cloudevents-binary"],
    ] as const) {
      const message = decoded(sentBy(mode));
      expect(message).toMatchObject({ ...carried, protocol, contentType: "application/json" });
      expect(JSON.parse(text(message.body))).toEqual(json);
    }
  });

  it("its events are accepted in both modes, with text and with bytes", () => {
    const asText = new CloudEvent({ ...given, datacontenttype: "text/plain", data: 'Zoë "\n' });
    const asBytes = new CloudEvent({ ...given, datacontenttype: "image/png", data: Uint8Array.of(0, 255, 127) });
    for (const mode of [HTTP.structured, HTTP.binary]) {
      expect(decoded(sentBy(mode(asText)))).toMatchObject({ ...carried, body: bytes('Zoë "\n') });
      expect(decoded(sentBy(mode(asBytes)))).toMatchObject({ ...carried, body: Uint8Array.of(0, 255, 127) });
    }
  });
});
