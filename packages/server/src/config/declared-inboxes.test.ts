import { describe, expect, it } from "vitest";
import { limits } from "../domain/limits.ts";
import { loadConfig } from "./config.ts";

const load = (file: string) =>
  loadConfig({ flags: { config: "ringback.yaml" }, env: {}, readFile: () => file }).declared.inboxes;

const defaults = {
  topic: null,
  accept: "any",
  whilePolledMs: null,
  retentionMs: limits.retentionMsDefault,
  messagesMax: limits.inboxMessagesDefault,
  bodyBytesMax: limits.bodyBytesMax,
  verify: null,
  description: "",
  labels: {},
};

describe("inboxes in the configuration file", () => {
  it("are declared with the bodies that the API accepts, and with their lines in the file", () => {
    const file = `
inboxes:
  plain:
  arrivals:
    accept: json
    whilePolledMs: 300000
  orders: { topic: orders, messagesMax: 5 }
`;
    expect(load(file)).toEqual([
      { name: "plain", value: defaults, origin: "ringback.yaml:3" },
      { name: "arrivals", value: { ...defaults, accept: "json", whilePolledMs: 300_000 }, origin: "ringback.yaml:4" },
      {
        name: "orders",
        value: { ...defaults, topic: "orders", retentionMs: null, messagesMax: 5 },
        origin: "ringback.yaml:7",
      },
    ]);
  });

  it("are none when the file declares none", () => {
    expect(load("logLevel: info")).toEqual([]);
  });

  it.each([
    ["inboxes:\n  - arrivals\n", "ringback.yaml:1: inboxes cannot be"],
    ["inboxes:\n  inbox:a: {}\n", 'ringback.yaml:2: "inbox:a": must begin with a letter'],
    ["inboxes:\n  arrivals: polled\n", "ringback.yaml:2: "],
    [
      "inboxes:\n  arrivals:\n    acept: json\n",
      "ringback.yaml:3: acept: is not a known field; known here: topic, accept",
    ],
    ["inboxes:\n  arrivals:\n    accept: xml\n", 'ringback.yaml:3: accept: must be "any" or "json"'],
    [
      "inboxes:\n  arrivals:\n    messagesMax: 0\n",
      `ringback.yaml:3: messagesMax: must be from 1 to ${limits.inboxMessagesMax}`,
    ],
    [
      "inboxes:\n  arrivals:\n    topic: orders\n    retentionMs: 60000\n",
      'ringback.yaml:4: retentionMs: must be left out: the topic "orders" keeps the messages',
    ],
    ["inboxes:\n  arrivals:\n    topic: a b\n", "ringback.yaml:3: topic: must begin with a letter"],
  ])("stop the start with one line that says where the fault is: %j", (file, line) => {
    expect(() => load(file)).toThrow(line);
  });
});
