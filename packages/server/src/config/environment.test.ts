import { expect, it } from "vitest";
import { readServerUrl } from "./server-url.ts";
import { flagName, variableName } from "./settings.ts";

it("names flags and variables after their setting", () => {
  expect(flagName("shutdownGraceMs")).toBe("--shutdown-grace-ms");
  expect(variableName("shutdownGraceMs")).toBe("RINGBACK_SHUTDOWN_GRACE_MS");
  expect(variableName("listen")).toBe("RINGBACK_LISTEN");
});

it("finds the server to talk to: --url beats RINGBACK_URL beats the default", () => {
  expect(readServerUrl(undefined, {})).toBe("http://127.0.0.1:8000");
  expect(readServerUrl(undefined, { RINGBACK_URL: "http://a:1/" })).toBe("http://a:1");
  expect(readServerUrl("https://b/ringback/", { RINGBACK_URL: "http://a:1" })).toBe("https://b/ringback");
});

it("refuses a server address that is none, in one line that says where it came from", () => {
  expect(() => readServerUrl("127.0.0.1:8000", {})).toThrow(
    '--url: url cannot be "127.0.0.1:8000"; give an address such as http://127.0.0.1:8000',
  );
  expect(() => readServerUrl(undefined, { RINGBACK_URL: "ftp://a" })).toThrow(
    /^RINGBACK_URL: url cannot be "ftp:\/\/a"/,
  );
});
