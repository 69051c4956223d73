import { describe, expect, it } from "vitest";

import { cloudEvents, cloudEventsBinary } from "./cloudevents.ts";
import { cmqJson, cmqSimplified } from "./cmq.ts";
import { dingtalk } from "./dingtalk.ts";
import { feishu } from "./feishu.ts";
import { raw } from "./raw.ts";
import { findPushProtocol, pushProtocols } from "./registry.ts";
import { slack } from "./slack.ts";
import { standardWebhooks } from "./standard-webhooks.ts";
import { wecom } from "./wecom.ts";

describe("the list of push dialects", () => {
  it("finds each dialect by its name", () => {
    expect(findPushProtocol("cmq-json")).toBe(cmqJson);
    expect(findPushProtocol("cmq-simplified")).toBe(cmqSimplified);
    expect(findPushProtocol("raw")).toBe(raw);
    expect(findPushProtocol("standard-webhooks")).toBe(standardWebhooks);
    expect(findPushProtocol("cloudevents")).toBe(cloudEvents);
    expect(findPushProtocol("cloudevents-binary")).toBe(cloudEventsBinary);
    for (const robot of [slack, dingtalk, wecom, feishu]) expect(findPushProtocol(robot.name)).toBe(robot);
  });

  it("has one name per dialect", () => {
    expect(new Set(pushProtocols.map((protocol) => protocol.name)).size).toBe(pushProtocols.length);
  });

  it.each(["", "CMQ-JSON", "cmq", "constructor", "__proto__"])("finds nothing under %j", (name) => {
    expect(findPushProtocol(name)).toBeNull();
  });
});
