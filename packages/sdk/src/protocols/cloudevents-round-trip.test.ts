import { CloudEvent, HTTP } from "cloudevents";
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";

import { cloudEvents, cloudEventsBinary } from "./cloudevents.ts";
import type { IncomingRequest, OutgoingDelivery } from "./protocol.ts";
import { fullDelivery as full } from "./testing/cloudevents.vectors.ts";
import { arrived, deliveries, messageText } from "./testing/wire.ts";

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const text = (body: Uint8Array): string => new TextDecoder("utf-8", { ignoreBOM: true }).decode(body);

const decoded = (request: IncomingRequest) => cloudEvents.decode(request);

const noNoncharacters = (value: string): string => value.replace(/\p{Noncharacter_Code_Point}/gu, "");

const inside = (value: string | null): string | null =>
  value === null ? null : noNoncharacters(value).replace(/^ +| +$/g, "") || null;

/**
 * Deliveries that an event can carry. Their texts contain no noncharacters, and their attributes set each kind of event
 * attribute.
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

  it("arrives unchanged in structured mode, if its content type is not JSON", () => {
    fc.assert(
      fc.property(events(anyBytes, otherType), (delivery) => {
        const message = decoded(arrived(cloudEvents.encode(delivery)));
        expect(message).toEqual({ protocol: "cloudevents", ...expected(delivery) });
      }),
    );
  });

  it("arrives in structured mode as JSON, unchanged except for outer white space", () => {
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

  it("arrives unchanged in binary mode", () => {
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

describe("compatibility with the cloudevents package", () => {
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
