import { expect, it } from "vitest";
import { fromPayload, toPayload } from "./change-bus.ts";

const wake = { kind: "wake", topicIds: [1], subscriptionIds: [] } as never;

it("parses events of other nodes, and ignores the node's own events", () => {
  expect(fromPayload(1, toPayload(2, wake))).toEqual(wake);
  expect(fromPayload(1, toPayload(1, wake))).toBeNull();
});

it.each([
  "",
  "hello",
  "null",
  "7",
  "{}",
  "[]",
  "[2]",
  "[2,null]",
  "[2,7]",
  '[2,{"kind":"wake"}]',
  '[2,{"kind":"wake","topicIds":[],"subscriptionIds":[{}]}]',
])("takes %j, which no node says, for nothing", (payload) => expect(fromPayload(1, payload)).toBeNull());
