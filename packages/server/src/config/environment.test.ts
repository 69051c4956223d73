import { expect, it } from "vitest";
import { readApiServer, type ApiServerFlags } from "./api-server.ts";
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

it("takes server and token from a profile that a flag names, before the environment", () => {
  const profiles = { here: { url: "http://a:1", account: null, token: "rbk_own" } };
  const readFile = () => Buffer.from(JSON.stringify({ current: "here", profiles }));
  const env = { HOME: "/home/u", RINGBACK_URL: "http://b:2", RINGBACK_API_KEY: "rbk_other" };
  const from = (flags: ApiServerFlags) => readApiServer(flags, { env, readFile });
  expect(from({ profile: "here" })).toEqual({ url: "http://a:1", headers: { authorization: "Bearer rbk_own" } });
  expect(from({})).toEqual({ url: "http://b:2", headers: { authorization: "Bearer rbk_other" } });
  expect(from({ profile: "here", url: "http://c:3" })).toMatchObject({ url: "http://c:3" });
});
