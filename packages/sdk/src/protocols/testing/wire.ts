/** Simulates how a request changes on its way over HTTP/1.1 from a dialect's encoder to its decoder. Also exports
 * sample messages. */

import * as fc from "fast-check";

import type { EncodedRequest, IncomingRequest, OutgoingDelivery } from "../protocol.ts";
import { anyText } from "./any-text.ts";

const encoder = new TextEncoder();

/** Returns the request as the documentations print it: start line, headers, empty line, body. */
export function printed(request: EncodedRequest): Uint8Array {
  let head = "POST /cgi HTTP/1.1\n";
  for (let at = 0; at < request.headers.length; at += 2) {
    head += `${request.headers[at]}: ${request.headers[at + 1]}\n`;
  }
  return concatenated(latin1(`${head}\n`), request.body);
}

/** Returns a printed request without the headers that the transport adds. */
export function withoutTransportHeaders(text: string): Uint8Array {
  return encoder.encode(text.replace(/^(?:Host|Content-Length): .*\n/gm, ""));
}

/** Parses a printed request as a server does for the receiving program. */
export function received(text: string): IncomingRequest {
  const split = text.indexOf("\n\n");
  const headers: Record<string, string> = {};
  for (const line of text.slice(0, split).split("\n").slice(1)) {
    const colon = line.indexOf(": ");
    headers[line.slice(0, colon).toLowerCase()] = asOneBytePerCharacter(line.slice(colon + 2));
  }
  return { method: "POST", headers, body: encoder.encode(text.slice(split + 2)) };
}

/** Returns an encoded request as it arrives: header names in lower case, values without spaces at the ends. */
export function arrived(request: EncodedRequest): IncomingRequest {
  const headers: Record<string, string> = {};
  for (let at = 0; at < request.headers.length; at += 2) {
    const value = request.headers[at + 1] ?? "";
    // The characters that undici and Node accept in a header value, except the tab.
    if (!/^[\u0020-\u007e\u0080-\u00ff]*$/.test(value)) throw new Error(`no header value: ${JSON.stringify(value)}`);
    headers[(request.headers[at] ?? "").toLowerCase()] = value.replace(/^[ \t]+|[ \t]+$/g, "");
  }
  return { method: "POST", headers, body: request.body };
}

function asOneBytePerCharacter(text: string): string {
  return Array.from(encoder.encode(text), (byte) => String.fromCharCode(byte)).join("");
}

function latin1(text: string): Uint8Array {
  return Uint8Array.from(text, (character) => character.charCodeAt(0));
}

function concatenated(first: Uint8Array, second: Uint8Array): Uint8Array {
  const whole = new Uint8Array(first.length + second.length);
  whole.set(first);
  whole.set(second, first.length);
  return whole;
}

export const sampleDelivery: OutgoingDelivery = {
  topicOwner: 100015036,
  topic: "MyTopic",
  subscription: "mysubscription",
  messageId: "6942316962",
  requestId: "2394928734",
  attempt: 1,
  publishedAtMs: 11203432_000,
  sentAtMs: 11203433_000,
  body: encoder.encode("test message"),
  contentType: null,
  tags: ["a", "b"],
  type: null,
  orderingKey: null,
  attributes: {},
};

const uint64 = fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }).map(String);
const name = fc.oneof(
  fc.stringMatching(/^[a-zA-Z][a-zA-Z\d_-]{0,63}$/),
  fc.constantFrom('quo"te', "back\\slash", "主题", "😀"),
);
/** Text that a header can carry: well-formed, without control characters, without spaces at the ends. */
const headerText = fc
  .oneof(fc.string({ maxLength: 40 }), anyText({ maxLength: 40 }))
  .map((text) => text.replace(/\p{Cc}/gu, "").replace(/^ +| +$/g, ""));
const tag = headerText.map((text) => text.replaceAll(",", "").replace(/^ +| +$/g, "")).filter((text) => text !== "");
export const messageText = fc.oneof(
  anyText({ maxLength: 200 }),
  anyText({ maxLength: 20 }).map((text) => `\uFEFF${text}`),
  fc.json(),
);

/** Deliveries with any members. Their bodies come from `body`. */
export function deliveries(body: fc.Arbitrary<Uint8Array>): fc.Arbitrary<OutgoingDelivery> {
  return fc.record({
    topicOwner: fc.maxSafeNat(),
    topic: name,
    subscription: name,
    messageId: uint64,
    requestId: uint64,
    attempt: fc.integer({ min: 1, max: 1001 }),
    publishedAtMs: fc.integer({ min: 0, max: 8_640_000_000_000_000 }),
    sentAtMs: fc.integer({ min: 0, max: 8_640_000_000_000_000 }),
    body,
    contentType: fc.option(headerText),
    tags: fc.array(tag, { maxLength: 5 }),
    type: fc.option(headerText),
    orderingKey: fc.option(headerText),
    attributes: fc.dictionary(fc.stringMatching(/^[a-z][a-z0-9-]{0,63}$/), headerText, { maxKeys: 16 }),
  });
}

/** Returns the result of `run`, or null when `run` throws the expected error. */
export function orNull<T>(expected: new (message: string) => Error, run: () => T): T | null {
  try {
    return run();
  } catch (error) {
    if (error instanceof expected) return null;
    throw error;
  }
}
