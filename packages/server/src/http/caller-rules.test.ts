import type { IncomingMessage } from "node:http";
import { describe, expect, it } from "vitest";
import { RingbackError } from "../domain/errors.ts";
import { type CallerRules, createCallerCheck } from "./caller-rules.ts";

const onLoopback: CallerRules = {
  listenHost: "127.0.0.1",
  machineName: "box.corp.example",
  allowedHosts: [],
  allowedOrigins: [],
};
const onEveryAddress = { ...onLoopback, listenHost: "0.0.0.0" };

/** `headers` are names and values, as in `rawHeaders`. */
function answerTo(
  rules: CallerRules,
  headers: readonly string[],
  url = "/healthz",
  check = createCallerCheck(rules),
): string {
  const named: Record<string, string> = {};
  // Node keeps the first of several Host headers.
  for (let i = 0; i < headers.length; i += 2) named[(headers[i] ?? "").toLowerCase()] ??= headers[i + 1] ?? "";
  try {
    check({ rawHeaders: headers, headers: named, url } as IncomingMessage);
    return "admitted";
  } catch (error) {
    if (error instanceof RingbackError) return error.code;
    throw error;
  }
}

const hostAnswer = (rules: CallerRules, host: string) => answerTo(rules, ["Host", host]);

describe("a server on a loopback address", () => {
  it.each([
    "localhost",
    "localhost:8000",
    "LOCALHOST:8000",
    "localhost.",
    "localhost.:8000",
    "ringback.localhost",
    "127.0.0.1",
    "127.0.0.1:8000",
    "127.9.8.7:1",
    "[::1]",
    "[::1]:8000",
    "[0:0:0:0:0:0:0:1]:8000",
    "[::ffff:127.0.0.1]:8000",
  ])("admits the host %s", (host) => {
    expect(hostAnswer(onLoopback, host)).toBe("admitted");
  });

  it.each([
    "rebound.attacker.example",
    "rebound.attacker.example:8000",
    "localhost.attacker.example",
    "127.0.0.1.attacker.example",
    "attackerlocalhost",
    "box.corp.example",
    "box",
    // Browsers send no Sec-Fetch headers to this address, although it reaches the machine itself.
    "0.0.0.0:8000",
    "[::]",
    "192.168.1.7",
    "2130706433",
    "[::ffff:10.0.0.1]",
  ])("does not know the host %s", (host) => {
    expect(hostAnswer(onLoopback, host)).toBe("host_not_allowed");
  });
});

describe("a server on all addresses", () => {
  it.each([
    "localhost",
    "127.0.0.1:8000",
    "192.168.1.7",
    "203.0.113.5:80",
    "[2001:db8::1]:8000",
    "0.0.0.0:8000",
    "ringback",
    "ringback_1:8000",
    "box.local",
    "host.docker.internal:8000",
    "ringback.home.arpa",
    "box.corp.example",
  ])("admits the host %s", (host) => {
    expect(hostAnswer(onEveryAddress, host)).toBe("admitted");
  });

  it.each(["rebound.attacker.example", "x.box.corp.example", "corp.example", "ringback.dev", "local.example"])(
    "does not know the host %s",
    (host) => {
      expect(hostAnswer(onEveryAddress, host)).toBe("host_not_allowed");
    },
  );
});

it("the host of `listen` is known", () => {
  expect(hostAnswer({ ...onLoopback, listenHost: "Ringback.Example" }, "ringback.example:8000")).toBe("admitted");
});

it.each([
  [["ringback.example"], "ringback.example.:443", "admitted"],
  [["ringback.example"], "x.ringback.example", "host_not_allowed"],
  [["*.ringback.example"], "a.b.ringback.example", "admitted"],
  [["*.ringback.example"], "ringback.example", "host_not_allowed"],
  [["*.ringback.example"], "evilringback.example", "host_not_allowed"],
  [["192.168.1.7"], "192.168.1.7:8000", "admitted"],
  [["*"], "anything.example", "admitted"],
])("with the allowed hosts %j, the host %s is %s", (allowedHosts, host, answer) => {
  expect(hostAnswer({ ...onLoopback, allowedHosts }, host)).toBe(answer);
});

describe("a Host header", () => {
  it.each([
    "",
    " ",
    "a b",
    "a:b",
    "localhost:123456",
    "[::1",
    "[localhost]",
    "http://localhost",
    "localhost/x",
    "a@localhost",
  ])("that is %j is malformed, even if every host is allowed", (host) => {
    expect(hostAnswer({ ...onLoopback, allowedHosts: ["*"] }, host)).toBe("malformed_request");
  });

  it("is checked in every request, whatever the request before named", () => {
    const check = createCallerCheck(onLoopback);
    const answers = ["localhost", "localhost", "evil.example", "", "evil.example", "localhost"].map((host) =>
      answerTo(onLoopback, ["Host", host], "/healthz", check),
    );
    const [yes, no] = ["admitted", "host_not_allowed"];
    expect(answers).toEqual([yes, yes, no, "malformed_request", no, yes]);
  });

  it("must not be given twice", () => {
    expect(answerTo(onLoopback, ["Host", "localhost", "hOST", "localhost"])).toBe("malformed_request");
  });

  it("may be missing, as in HTTP/1.0", () => {
    expect(answerTo(onLoopback, [])).toBe("admitted");
  });

  it.each([
    ["http://rebound.attacker.example/v1/topics", "host_not_allowed"],
    ["HTTP://rebound.attacker.example:8000/v1/topics", "host_not_allowed"],
    ["http://localhost:8000/v1/topics", "admitted"],
    ["http:///v1/topics", "malformed_request"],
    ["v1/topics", "malformed_request"],
    ["*", "admitted"],
    ["//rebound.attacker.example/v1/topics", "admitted"],
  ])("is checked together with the host of the target %s", (url, answer) => {
    expect(answerTo(onLoopback, ["Host", "localhost"], url)).toBe(answer);
  });

  it("with a foreign name is refused also beside a target with a known host", () => {
    expect(answerTo(onLoopback, ["Host", "rebound.attacker.example"], "http://localhost/")).toBe("host_not_allowed");
  });
});

const from = (origin: string, host = "localhost:8000", rules: Partial<CallerRules> = {}) =>
  answerTo({ ...onLoopback, ...rules }, ["Host", host, "Origin", origin]);

describe("the origin", () => {
  it.each([
    ["http://localhost:8000", "localhost:8000"],
    ["http://LOCALHOST:8000", "localhost:8000"],
    ["http://127.0.0.1", "127.0.0.1:80"],
    ["https://localhost", "localhost"],
    ["https://localhost", "localhost:443"],
    ["http://[::1]:8000", "[::1]:8000"],
  ])("%s is the host %s", (origin, host) => {
    expect(from(origin, host)).toBe("admitted");
  });

  it.each([
    "http://evil.example",
    "http://localhost",
    "http://localhost:8001",
    "http://127.0.0.1:8000",
    "http://localhost:8000.evil.example",
    "null",
    "",
    "file://",
    "chrome-extension://abcdef",
    "http://localhost:8000, http://evil.example",
    "*",
  ])("%j is not the host localhost:8000", (origin) => {
    expect(from(origin)).toBe("origin_not_allowed");
  });

  it.each([
    [["https://console.example"], "https://console.example", "admitted"],
    [["https://console.example"], "https://CONSOLE.example", "admitted"],
    [["https://console.example"], "http://console.example", "origin_not_allowed"],
    [["https://console.example"], "https://console.example:8443", "origin_not_allowed"],
    [["chrome-extension://abcdef"], "chrome-extension://abcdef", "admitted"],
    [["*"], "null", "admitted"],
    [["*"], "http://evil.example", "admitted"],
  ])("with the allowed origins %j, %s is %s", (allowedOrigins, origin, answer) => {
    expect(from(origin, "localhost:8000", { allowedOrigins })).toBe(answer);
  });

  it.each([
    ["none", "admitted"],
    ["same-origin", "admitted"],
    ["same-site", "origin_not_allowed"],
    ["cross-site", "origin_not_allowed"],
    ["something-new", "origin_not_allowed"],
    ["", "origin_not_allowed"],
  ])("is not needed: with Sec-Fetch-Site %j, the request is %s", (site, answer) => {
    expect(answerTo(onLoopback, ["Host", "localhost", "Sec-Fetch-Site", site])).toBe(answer);
  });

  it("of an allowed page admits a request from another site", () => {
    const headers = ["Host", "localhost", "Origin", "https://console.example", "Sec-Fetch-Site", "cross-site"];
    expect(answerTo({ ...onLoopback, allowedOrigins: ["https://console.example"] }, headers)).toBe("admitted");
  });
});
