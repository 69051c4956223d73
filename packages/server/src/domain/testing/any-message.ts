import * as fc from "fast-check";
import type { NewMessage } from "../model.ts";
import { anyText } from "./any-text.ts";

/** Any message, valid or not, whose body is text. */
export function anyMessage(): fc.Arbitrary<NewMessage> {
  const text = fc.oneof(fc.string(), anyText());
  return fc.record({
    body: text.map((body) => new TextEncoder().encode(body)),
    contentType: fc.option(text),
    tags: fc.array(text, { maxLength: 2 }),
    type: fc.option(text),
    orderingKey: fc.option(text),
    attributes: fc.dictionary(fc.oneof(text, fc.stringMatching(/^[a-z][a-z0-9-]*$/)), text, { maxKeys: 2 }),
    delayMs: fc.constant(0),
  });
}

/** The members that a delivery adds to its message. */
export const anEnvelope = {
  topicOwner: 1,
  topic: "orders",
  subscription: "s",
  messageId: "1",
  requestId: "1",
  attempt: 1,
  sentAtMs: 1_700_000_000_500,
  publishedAtMs: 0,
};
