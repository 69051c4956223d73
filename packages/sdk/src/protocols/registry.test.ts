import { describe, expect, it } from "vitest";

import { cmqJson, cmqSimplified } from "./cmq.ts";
import { raw } from "./raw.ts";
import { findPushProtocol, pushProtocols } from "./registry.ts";

describe("the list of push dialects", () => {
  it("finds each dialect by its name", () => {
    expect(findPushProtocol("cmq-json")).toBe(cmqJson);
    expect(findPushProtocol("cmq-simplified")).toBe(cmqSimplified);
    expect(findPushProtocol("raw")).toBe(raw);
  });

  it("has one name per dialect", () => {
    expect(new Set(pushProtocols.map((protocol) => protocol.name)).size).toBe(pushProtocols.length);
  });

  it.each(["", "CMQ-JSON", "cmq", "constructor", "__proto__"])("finds nothing under %j", (name) => {
    expect(findPushProtocol(name)).toBeNull();
  });
});
