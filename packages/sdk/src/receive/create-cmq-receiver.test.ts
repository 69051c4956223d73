import * as fc from "fast-check";
import { describe, expect, it } from "vitest";

import { cmqJson, cmqSimplified } from "../protocols/cmq.ts";
import type { IncomingMessage } from "../protocols/protocol.ts";
import { jsonRequest, simplifiedRequest } from "../protocols/testing/cmq.vectors.ts";
import { deliveries, messageText as anyMessage, sampleDelivery } from "../protocols/testing/wire.ts";
import type { CmqReceiverOptions } from "./create-cmq-receiver.ts";
import { createCmqReceiver } from "./create-cmq-receiver.ts";
import { messageText } from "./message-body.ts";
import type { ReceivedRequest } from "./receiver.ts";
import { encodedRequest, printedRequest } from "./testing/requests.ts";

async function handed(request: ReceivedRequest, options: Partial<CmqReceiverOptions> = {}) {
  const messages: IncomingMessage[] = [];
  const receiver = createCmqReceiver({ onMessage: (message) => void messages.push(message), ...options });
  const { status, body } = await receiver.handle(request);
  return { status, body, message: messages[0] };
}

/** A push in the simplified format with this text. */
function simplified(text: string, messageId = sampleDelivery.messageId): ReceivedRequest {
  return encodedRequest(cmqSimplified.encode({ ...sampleDelivery, messageId, body: new TextEncoder().encode(text) }));
}

const envelope = new TextDecoder().decode(cmqJson.encode(sampleDelivery).body);

describe("a receiver of CMQ", () => {
  it.each([
    ["JSON", jsonRequest, "cmq-json"],
    ["simplified", simplifiedRequest, "cmq-simplified"],
  ])(
    "accepts the %s request that the document prints, and answers as its sample does",
    async (_, printed, protocol) => {
      const { status, body, message } = await handed(printedRequest(printed));
      expect({ status, body }).toEqual({ status: 200, body: "ok" });
      expect(message).toMatchObject({ protocol, messageId: "6942316962", tags: ["a", "b"] });
      expect(message === undefined ? null : messageText(message)).toBe("test message");
    },
  );

  it("answers 2xx only when the handler has succeeded", async () => {
    const failing = { onMessage: () => Promise.reject(new Error("no")), onError: () => undefined };
    expect((await handed(printedRequest(jsonRequest), failing)).status).toBe(500);
  });

  it.each([
    ["a JSON object of its own", '{"id": 1}'],
    ["JSON that is no object", "[1]"],
    ["nothing", ""],
    ["another message's object", envelope.replace(sampleDelivery.messageId, "1")],
    ["a damaged object", envelope.slice(0, -1)],
  ])("recognises a simplified message that contains %s", async (_, text) => {
    const { status, message } = await handed(simplified(text));
    expect(status).toBe(200);
    expect(message?.protocol).toBe("cmq-simplified");
    expect(message === undefined ? null : messageText(message)).toBe(text);
  });

  it("recognises the JSON format without headers that a gateway has removed", async () => {
    const { message } = await handed({ ...printedRequest(jsonRequest), headers: {} });
    expect(message?.protocol).toBe("cmq-json");
  });

  it("recognises the format of every message", async () => {
    await fc.assert(
      fc.asyncProperty(
        deliveries(anyMessage.map((text) => new TextEncoder().encode(text))),
        fc.constantFrom(cmqJson, cmqSimplified),
        async (delivery, protocol) => {
          const { message } = await handed(encodedRequest(protocol.encode(delivery)));
          expect(message).toMatchObject({
            protocol: protocol.name,
            messageId: delivery.messageId,
            body: delivery.body,
          });
        },
      ),
    );
  });

  it.each([
    ["a bare number beyond 2^53", "18446744073709551614"],
    ["text", '"18446744073709551614"'],
  ])("recognises an object of CMQ when its id is %s and its time is text", async (_, msgId) => {
    const object = envelope
      .replace(`"msgId":"${sampleDelivery.messageId}"`, `"msgId":${msgId}`)
      .replace(/"publishTime":(\d+)/, '"publishTime":"$1"');
    const { message } = await handed(simplified(object, "18446744073709551614"));
    expect(message).toMatchObject({ protocol: "cmq-json", messageId: "18446744073709551614" });
  });

  it("handles a message once when it arrives in both formats", async () => {
    const ids: (string | null)[] = [];
    const receiver = createCmqReceiver({ deduplicate: true, onMessage: ({ messageId }) => void ids.push(messageId) });
    await receiver.handle(encodedRequest(cmqJson.encode(sampleDelivery)));
    await receiver.handle(simplified("the same"));
    expect(ids).toEqual([sampleDelivery.messageId]);
  });

  it("accepts the largest message in its longest form by default, and no larger body", async () => {
    const body = new Uint8Array(1024 * 1024).fill(1);
    const { message } = await handed(encodedRequest(cmqJson.encode({ ...sampleDelivery, body })));
    expect(message?.body.length).toBe(body.length);
    const { bodyBytesMax } = createCmqReceiver({ onMessage: () => undefined });
    expect(bodyBytesMax).toBe(6 * 1024 * 1024 + 64 * 1024);
  });

  it("refuses the other format and damaged requests when its format is set", async () => {
    expect((await handed(printedRequest(simplifiedRequest), { format: "json" })).status).toBe(400);
    expect((await handed(simplified(envelope.slice(0, -1)), { format: "json" })).status).toBe(400);
    const { message } = await handed(printedRequest(jsonRequest), { format: "simplified" });
    expect(message?.protocol).toBe("cmq-simplified");
  });

  it("refuses requests of neither format", async () => {
    const request = { method: "POST", path: "/", headers: {}, body: new TextEncoder().encode("text") };
    expect(await handed(request)).toMatchObject({ status: 400, message: undefined });
  });

  it("handles every message once when deduplication is on", async () => {
    const ids: (string | null)[] = [];
    const receiver = createCmqReceiver({ deduplicate: true, onMessage: ({ messageId }) => void ids.push(messageId) });
    for (const id of ["1", "2", "1", "2", "3"]) await receiver.handle(simplified("text", id));
    expect(ids).toEqual(["1", "2", "3"]);
  });
});
