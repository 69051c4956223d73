import { describe, expect, it } from "vitest";

import { cloudEvents, cloudEventsBinary } from "./cloudevents.ts";
import type { IncomingRequest, OutgoingDelivery } from "./protocol.ts";
import { UnencodableError } from "./protocol.ts";
import {
  fullDelivery as full,
  binaryRequest,
  bytesRequest,
  emptyRequest,
  jsonRequest,
  textRequest,
} from "./testing/cloudevents.vectors.ts";
import { arrived, printed, sampleDelivery } from "./testing/wire.ts";

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const text = (body: Uint8Array): string => new TextDecoder("utf-8", { ignoreBOM: true }).decode(body);

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

  it("refuses bytes that are not UTF-8 as JSON", () => {
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

  it("treats 410 as a final refusal, and uses Retry-After", () => {
    const reply = { headers: { "retry-after": "7" }, body: bytes("") };
    expect(protocol.interpret({ ...reply, status: 202 })).toEqual({ kind: "accepted" });
    expect(protocol.interpret({ ...reply, status: 410 })).toEqual({ kind: "gone" });
    expect(protocol.interpret({ ...reply, status: 503 })).toMatchObject({ retryAfter: { delayMs: 7000 } });
  });

  it("answers with success only when the message was handled", () => {
    expect(protocol.reply(true)).toEqual({ status: 204, headers: {}, body: "" });
    expect(protocol.reply(false).status).toBe(500);
  });
});
