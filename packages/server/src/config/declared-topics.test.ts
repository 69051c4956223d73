import { describe, expect, it } from "vitest";
import { subscriptionShape } from "../shapes/subscription.ts";
import { topicShape } from "../shapes/topic.ts";
import { loadConfig } from "./config.ts";

const load = (file: string) =>
  loadConfig({ flags: { config: "ringback.yaml" }, env: {}, readFile: () => file }).declared.topics;

describe("topics and subscriptions in the configuration file", () => {
  it("are declared with the settings that the API makes of the same bodies, and with their lines in the file", () => {
    const file = `
topics:
  MyTopic:
    bodyBytesMax: 65536
    subscriptions:
      mysubscription:
        push: { url: "http://127.0.0.1:9000/orders", protocol: cloudevents }
        retry: { delaysMs: [1000, 2000] }
  Quiet: {}
`;
    expect(load(file)).toEqual([
      {
        name: "MyTopic",
        origin: "ringback.yaml:3",
        value: {
          settings: topicShape.read({ bodyBytesMax: 65_536 }),
          subscriptions: [
            {
              name: "mysubscription",
              origin: "ringback.yaml:6",
              value: subscriptionShape.read({
                push: { url: "http://127.0.0.1:9000/orders", protocol: "cloudevents" },
                retry: { delaysMs: [1000, 2000] },
              }),
            },
          ],
        },
      },
      { name: "Quiet", value: { settings: topicShape.read({}), subscriptions: [] }, origin: "ringback.yaml:9" },
    ]);
  });

  it.each([
    ["topics:\n  _bad: {}\n", 'ringback.yaml:2: "_bad": must begin with a letter'],
    [
      "topics:\n  T:\n    retentonMs: 1\n",
      "ringback.yaml:3: retentonMs: is not a known field; known here: retentionMs",
    ],
    ["topics:\n  T:\n    bodyBytesMax: 1\n", "ringback.yaml:3: bodyBytesMax: must be from 1024 to 1048576"],
    ["topics:\n  T:\n    subscriptions:\n      s: {}\n", "ringback.yaml:4: push: is missing"],
    [
      "topics:\n  T:\n    subscriptions:\n      s:\n        push: {url: 'http://a/'}\n        retri: none\n",
      "ringback.yaml:6: retri: is not a known field",
    ],
    [
      "topics:\n  T:\n    subscriptions:\n      s:\n        push:\n          url: ftp://a/\n",
      "ringback.yaml:6: push.url: ",
    ],
    [
      "topics:\n  T:\n    subscriptions:\n      s:\n        push:\n          url: http://a/\n          protocol: smoke\n",
      'ringback.yaml:7: push.protocol: there is no protocol "smoke"; it must be one of ',
    ],
    [
      "topics:\n  T:\n    subscriptions:\n      s:\n        push: {url: 'http://a/'}\n        start: {at: yesterday}\n",
      "ringback.yaml:6: start.at: must be a time",
    ],
    [
      "topics:\n  T:\n    bodyBytesMax: 1024\n    subscriptions:\n      s:\n        push: {url: 'http://a/'}\n        filter: {types: [' a']}\n",
      "ringback.yaml:7: filter.types[0]: ",
    ],
    [
      "topics:\n  T:\n    subscriptions:\n      s:\n        push: {url: 'http://a/'}\n        filter:\n          tags:\n            - fine\n            - tag,with,commas\n",
      "ringback.yaml:9: filter.tags[1]: ",
    ],
    ["topics: [T]\n", 'ringback.yaml:1: topics cannot be ["T"]; give keys and values'],
    ["topics:\n", "ringback.yaml:1: topics cannot be null; give keys and values"],
    ["topics:\n  T:\n", "ringback.yaml:2: T cannot be null; give keys and values"],
  ])("stop the start with one clear line if they are invalid: %j", (file, line) => {
    expect(() => load(file)).toThrow(line);
    expect(() => load(file)).not.toThrow("\n");
  });
});
