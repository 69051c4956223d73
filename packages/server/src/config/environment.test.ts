import { expect, it } from "vitest";
import { readServerUrl } from "./server-url.ts";
import { flagName, variableName } from "./settings.ts";

it("names flags and variables after their setting", () => {
  expect(flagName("shutdownGraceMs")).toBe("--shutdown-grace-ms");
  expect(variableName("shutdownGraceMs")).toBe("RINGBACK_SHUTDOWN_GRACE_MS");
  expect(variableName("listen")).toBe("RINGBACK_LISTEN");
});

it("reads the server's URL from --url, RINGBACK_URL or the default, in this order", () => {
  expect(readServerUrl(undefined, {})).toBe("http://127.0.0.1:8000");
  expect(readServerUrl(undefined, { RINGBACK_URL: "http://a:1/" })).toBe("http://a:1");
  expect(readServerUrl("https://b/ringback/", { RINGBACK_URL: "http://a:1" })).toBe("https://b/ringback");
});

it("refuses an invalid server URL with one line that says where it was given", () => {
  expect(() => readServerUrl("127.0.0.1:8000", {})).toThrow(
    '--url: url cannot be "127.0.0.1:8000"; give an address such as http://127.0.0.1:8000',
  );
  expect(() => readServerUrl(undefined, { RINGBACK_URL: "ftp://a" })).toThrow(
    /^RINGBACK_URL: url cannot be "ftp:\/\/a"/,
  );
});
