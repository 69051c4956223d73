import { expect, test } from "vitest";
import { endpointName, endpointSettings } from "./endpoint-settings.ts";

test("the name of an endpoint begins with its host", () => {
  const random = "3f9a-1cdd";
  expect(endpointName("https://api.Example.com/hooks?a=b", random)).toBe("api-example-com-3f9a1c");
  expect(endpointName("http://[::1]:80/", random)).toBe("1-3f9a1c");
  expect(endpointName("no url", random)).toBe("endpoint-3f9a1c");
  expect(endpointName(`https://${"a".repeat(39)}.com/`, random)).toBe(`${"a".repeat(39)}-3f9a1c`);
});

test("an endpoint without chosen types gets all", () => {
  const push = { url: "https://example.com", protocol: "standard-webhooks" };
  expect(endpointSettings({ url: push.url, types: [], description: "" })).toEqual({ push });
  expect(endpointSettings({ url: push.url, types: ["a.b"], description: "d" })).toEqual({
    push,
    filter: { types: ["a.b"] },
    description: "d",
  });
});
