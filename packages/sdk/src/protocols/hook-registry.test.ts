import { describe, expect, it } from "vitest";

import { findHookProtocol, hookProtocols } from "./hook-registry.ts";
import { jsonHook } from "./json-hook.ts";
import { koipy } from "./koipy.ts";

describe("the list of hook dialects", () => {
  it("finds each dialect by its name", () => {
    expect(findHookProtocol("koipy")).toBe(koipy);
    expect(findHookProtocol("json")).toBe(jsonHook);
  });

  it("has one name per dialect", () => {
    expect(new Set(hookProtocols.map((protocol) => protocol.name)).size).toBe(hookProtocols.length);
  });

  it.each(["", "KOIPY", "opencard", "constructor", "__proto__"])("finds nothing under %j", (name) => {
    expect(findHookProtocol(name)).toBeNull();
  });
});
