import { describe, expect, it } from "vitest";

import { opencard } from "../opencard/index.ts";
import { documentKey } from "../protocols/testing/opencard.vectors.ts";
import { HookDefinitionError } from "./hook-settings.ts";
import type { HookSettings } from "./hook-settings.ts";
import { hookDefinition } from "./hook-settings.ts";

const urls = ["http://h.example/a"];
const key = { kid: "0", jwk: documentKey };

describe("a hook in Opencard's dialect", () => {
  it("has one URL and a key of 16 bytes", () => {
    expect(hookDefinition("card", { urls, protocol: opencard, key })).toMatchObject({ urls, key });
  });

  it.each<[string, HookSettings]>([
    [
      "urls must be one URL with the protocol opencard, which does not merge replies",
      { urls: [...urls, "http://h.example/b"], protocol: opencard, key },
    ],
    [
      "key is unfit for the protocol opencard: k must be 16 bytes in base64url without padding",
      { urls, protocol: opencard, key: { kid: "0", jwk: { kty: "oct", k: "c2VjcmV0" } } },
    ],
    [
      'key is unfit for the protocol opencard: key_ops must have "wrapKey" and "unwrapKey" or be left out',
      { urls, protocol: opencard, key: { kid: "0", jwk: { ...documentKey, key_ops: ["wrapKey"] } } },
    ],
  ])("is refused at once: %s", (problem, settings) => {
    expect(() => hookDefinition("card", settings)).toThrow(
      new HookDefinitionError("invalid_hook", "card", `hook "card": ${problem}`),
    );
  });
});
