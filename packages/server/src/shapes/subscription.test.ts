import { pushProtocols } from "@ringback/sdk/protocols";
import type { PushProtocol } from "@ringback/sdk/protocols";
import { describe, expect, it } from "vitest";

import { RingbackError } from "../domain/errors.ts";
import { limits } from "../domain/limits.ts";
import type { PushSettings } from "../domain/model.ts";
import { assertStaysPushedOrPulled } from "../domain/subscription-rules.ts";
import { bodyOf, subscriptionShape } from "./subscription.ts";
import type { SubscriptionBody } from "./subscription.ts";

const url = "http://test.com/cgi";
const normalised = (input: SubscriptionBody) => subscriptionShape.read({ push: { url }, ...input }).settings;
const pushOf = (push: NonNullable<SubscriptionBody["push"]>) => normalised({ push }).push as PushSettings;
/** The description and labels of a subscription for which neither is given. */
const forPeople = { description: "", labels: {} };

/** Returns the code and field of the first fault; null when there is none. */
function faultOf(input: SubscriptionBody): [string, string | undefined] | null {
  try {
    normalised(input);
    return null;
  } catch (error) {
    if (error instanceof RingbackError) return [error.code, error.details[0]?.field];
    throw error;
  }
}

describe("a subscription", () => {
  it("needs nothing but a URL", () => {
    expect(normalised({})).toEqual({
      push: {
        url,
        protocol: "raw",
        headers: {},
        auth: null,
        tls: null,
        connection: "keep-alive",
        timeoutMs: 15_000,
        keys: [],
        verify: null,
        keepExchanges: "sampled",
      },
      filter: { tags: [], types: [] },
      retry: "webhook",
      order: "none",
      maxInFlight: 64,
      rate: null,
      breaker: { failures: 20, probeMs: 30_000 },
      disableAfterMs: 5 * 24 * 3600_000,
      backlog: { messagesMax: 100_000, ageMsMax: null },
      ...forPeople,
    });
  });

  it("keeps everything that was said", () => {
    const input = {
      push: {
        url: "https://test.com:8443/cgi?a=%20b",
        protocol: "cloudevents",
        headers: { "X-Token": "x", "X-Empty": "" },
        auth: { type: "basic", username: "u", password: "p" },
        tls: { certificate: "c", key: "k", ca: "a", serverName: "receiver.test" },
        connection: "close",
        timeoutMs: 60_000,
        keys: [],
        verify: "challenge",
        keepExchanges: "all",
      },
      filter: { tags: ["a", "b"], types: [] },
      retry: { delaysMs: [0, 1000] },
      order: "key",
      maxInFlight: 1024,
      rate: { perSecond: 0.1, burst: 3 },
      breaker: { failures: 3, probeMs: 60_000 },
      disableAfterMs: 3600_000,
      backlog: { messagesMax: 5, ageMsMax: 60_000 },
      ...forPeople,
    } as const satisfies SubscriptionBody;
    expect(normalised(input)).toEqual(input);
  });

  it("reads its own settings as the same settings", () => {
    const once = normalised({ retry: { baseMs: 1 }, filter: { types: ["a.#"] } });
    expect(subscriptionShape.read(bodyOf(once)).settings).toEqual(once);
  });

  it.each([0, 1.5, 1025, Number.NaN])("cannot have %d deliveries in flight", (maxInFlight) => {
    expect(faultOf({ maxInFlight })).toEqual(["invalid_request", "maxInFlight"]);
  });
});

const pulled = (input: SubscriptionBody) => subscriptionShape.read(input).settings;

describe("a subscription that is pulled from", () => {
  it("needs only its empty `pull` member", () => {
    expect(pulled({ pull: {} })).toMatchObject({
      push: null,
      pull: { visibilityMs: 30_000, receivesMax: null },
      filter: { tags: [], types: [] },
      order: "none",
    });
  });

  it("keeps everything that was said", () => {
    const input = {
      pull: { visibilityMs: limits.visibilityMsMax, receivesMax: limits.receivesMax },
      filter: { tags: ["a"], types: [] },
      order: "strict",
    } as const satisfies SubscriptionBody;
    expect(pulled(input)).toMatchObject(input);
  });

  it("has the limit of a pull request as its maximum in flight, which is not a setting", () => {
    expect(pulled({ pull: {} }).maxInFlight).toBeGreaterThanOrEqual(limits.pullMessagesMax);
  });

  it.each([
    [{}, "push"],
    [{ push: { url }, pull: {} }, "pull"],
    [{ pull: {}, retry: "none" as const }, "retry"],
    [{ pull: {}, maxInFlight: 64 }, "maxInFlight"],
    [{ pull: {}, rate: { perSecond: 1, burst: 1 } }, "rate"],
    [{ pull: { visibilityMs: limits.visibilityMsMin - 1 } }, "pull.visibilityMs"],
    [{ pull: { visibilityMs: limits.visibilityMsMax + 1 } }, "pull.visibilityMs"],
    [{ pull: { visibilityMs: 1000.5 } }, "pull.visibilityMs"],
    [{ pull: { receivesMax: 0 } }, "pull.receivesMax"],
    [{ pull: { receivesMax: limits.receivesMax + 1 } }, "pull.receivesMax"],
  ])("cannot be %j", (input, field) => {
    const details = [expect.objectContaining({ field })];
    expect(() => pulled(input)).toThrow(expect.objectContaining({ code: "invalid_request", details }));
  });

  it("stays a pull subscription, and a push subscription stays a push subscription", () => {
    const [push, pull] = [normalised({}), pulled({ pull: {} })];
    for (const [before, after] of [
      [push, pull],
      [pull, push],
    ] as const) {
      expect(() => assertStaysPushedOrPulled(before, after)).toThrow(/create it again/);
      expect(() => assertStaysPushedOrPulled(before, before)).not.toThrow();
    }
  });
});

const withPath = (characters: number) => ({ push: { url: `http://a/${"p".repeat(characters)}` } });

describe("the URL of a push", () => {
  it.each(["http://localhost:9000", "HTTP://EXAMPLE.com/", "https://[::1]:8443/a?b=c", "http://例え.jp/パス"])(
    "may be %s",
    (url) => {
      expect(pushOf({ url }).url).toBe(url);
    },
  );

  it.each([
    ["", "nothing"],
    ["test.com/cgi", "no scheme"],
    ["ftp://test.com/", "another scheme"],
    ["file:///etc/passwd", "another scheme"],
    ["javascript:alert(1)", "another scheme"],
    ["http:/test.com/", "one slash"],
    ["http:test.com/", "no slash"],
    ["http://", "no host"],
    ["http://?a", "no host"],
    ["http://a b/", "a space"],
    [" http://test.com/", "a space before it"],
    ["http://test.com/\n", "a line break that a parser would drop"],
    ["ht\ttp://test.com/", "a tab that a parser would drop"],
    ["http://test.com\\cgi", "a backslash"],
    ["http://test.com/#", "an empty fragment"],
    ["http://test.com/#a", "a fragment"],
    ["http://user@test.com/", "a user name"],
    ["http://user:secret@test.com/", "a password"],
    ["http://test.com:65536/", "a port that does not exist"],
    ["http://test.com:0/", "port 0"],
    ["http://1.2.3.256/", "an address that does not exist"],
    ["http://[::1/", "a bracket that is left open"],
    ["http://test.com/\ud800", "half a surrogate pair"],
  ])("may not be %j: %s", (url) => {
    expect(faultOf({ push: { url } })).toEqual(["invalid_url", "push.url"]);
  });

  it("has at most 2048 characters, encoded or not", () => {
    expect(faultOf(withPath(2039))).toBeNull();
    expect(faultOf(withPath(2040))).toEqual(["invalid_url", "push.url"]);
    expect(faultOf({ push: { url: `http://a/${"é".repeat(500)}` } })).toEqual(["invalid_url", "push.url"]);
  });

  it("does not show a password in the error that refuses it", () => {
    expect(() => normalised({ push: { url: "http://user:secret@test.com/" } })).toThrow(
      "push.url: must not contain a user name or password; give them under push.auth",
    );
  });
});

const overSockets = pushProtocols.find(({ schemes }: PushProtocol) => schemes?.includes("tcp"))?.name ?? "";
const pushTo = (to: string, headers: Record<string, string> = {}) =>
  pushOf({ url: to, protocol: overSockets, headers });

describe("the URL of a push that may go over more than HTTP", () => {
  it.each(["http://h/", "https://h", "ws://h:80/a?b=c", "WSS://h", "tcp://h:9", "tcp://[::1]:9/?byteOrder=little"])(
    "may be %s, and stays as it was written",
    (url) => {
      expect(pushTo(url).url).toBe(url);
    },
  );

  it.each([
    ["ftp://h/", "must begin with http://, https://, ws://, wss:// or tcp://"],
    ["ws:/h", "must begin with http://"],
    ["ws://h/#a", "must not have a fragment"],
    ["ws://h:0/", "must not have port 0"],
    ["ws://me:hush@h/", "must not contain a user name or password"],
    ["tcp://me:hush@h:1", "must not contain a user name or password: TCP cannot carry them"],
    ["tcp://h", "must name a port"],
    ["tcp://h:1/a", "must not have a path"],
    ["tcp://h:1?order=little", "must have no query other than"],
    ["tcp://h:1#a", "must not have a fragment"],
  ])("may not be %s", (url, fault) => {
    expect(() => pushTo(url)).toThrow(`push.url: ${fault}`);
    expect(() => pushTo(url)).not.toThrow("hush");
  });

  it.each([
    ["raw", "http://, https:// or queue:"],
    ["cloudevents", "http:// or https://"],
    ["cloudevents-binary", "http:// or https://"],
  ])("of %s begins with %s", (protocol, beginnings) => {
    for (const url of ["ws://h/", "tcp://h:1", "QUEUE:q"]) {
      expect(() => normalised({ push: { url, protocol } })).toThrow(`push.url: must begin with ${beginnings}`);
    }
  });

  it("can have its own headers if its scheme has headers", () => {
    expect(pushTo("http://h/", { "x-a": "b" }).headers).toEqual({ "x-a": "b" });
    for (const url of ["ws://h/", "tcp://h:1"]) {
      expect(() => pushTo(url, { "x-a": "b" })).toThrow("push.headers: can be sent over http and https only");
    }
  });
});

describe("the protocol of a push", () => {
  it.each(["raw", "cloudevents", "cloudevents-binary"])("may be %s", (protocol) => {
    expect(pushOf({ url, protocol }).protocol).toBe(protocol);
  });

  it("must exist", () => {
    expect(faultOf({ push: { url, protocol: "smoke" } })).toEqual(["unknown_protocol", "push.protocol"]);
    expect(() => normalised({ push: { url, protocol: "smoke" } })).toThrow(
      'there is no protocol "smoke"; it must be one of raw, ',
    );
  });
});

describe("the timeout of a push", () => {
  it.each([999, 60_001, 1500.5, Number.NaN])("may not be %d ms", (timeoutMs) => {
    expect(faultOf({ push: { url, timeoutMs } })).toEqual(["invalid_request", "push.timeoutMs"]);
  });

  it.each([1000, 60_000])("may be %d ms", (timeoutMs) => {
    expect(pushOf({ url, timeoutMs }).timeoutMs).toBe(timeoutMs);
  });
});

const withHeader = (name: string, value: string) => ({ push: { url, headers: { [name]: value } } });
const many = (count: number, value: string) =>
  Object.fromEntries(Array.from({ length: count }, (_, index) => [`x-${index}`, value]));

describe("the headers of a push", () => {
  it.each([
    ["Authorization", "Bearer a.b.c"],
    ["x-api-key", "k"],
    ["!#$%&'*+-.^_`|~", "v"],
    ["X-Empty", ""],
    ["__proto__", "v"],
  ])("may hold %s", (name, value) => {
    const { headers } = pushOf(withHeader(name, value).push);
    expect(Object.entries(headers)).toEqual([[name, value]]);
  });

  it.each(["", "a b", "a:", "a\r\nb", "é", "a/b", "(a)"])("cannot have the name %j", (name) => {
    expect(faultOf(withHeader(name, "v"))).toEqual(["invalid_request", "push.headers"]);
  });

  it.each(["a\r\nb: c", "a\n", "a\0", "a\tb", "a\u007f", "é", "中", " a", "a "])(
    "cannot have the value %j",
    (value) => {
      expect(faultOf(withHeader("X-A", value))).toEqual(["invalid_request", "push.headers.X-A"]);
    },
  );

  it.each([
    "Host",
    "content-length",
    "Transfer-Encoding",
    "connection",
    "Upgrade",
    "TE",
    "trailer",
    "expect",
    "keep-alive",
    "HTTP2-Settings",
    "Proxy-Authorization",
    "proxy-anything",
    "Content-Type",
    "User-Agent",
    "Traceparent",
    "tracestate",
    "ringback-message-id",
  ])("leave %s to the transport and the protocol", (name) => {
    expect(faultOf(withHeader(name, "v"))).toEqual(["invalid_request", `push.headers.${name}`]);
  });

  it("name each header once, whatever its case", () => {
    const headers = { "X-A": "1", "x-a": "2" };
    expect(faultOf({ push: { url, headers } })).toEqual(["invalid_request", "push.headers.x-a"]);
  });

  it("are bounded in number and in bytes", () => {
    expect(faultOf({ push: { url, headers: many(32, "v") } })).toBeNull();
    expect(faultOf({ push: { url, headers: many(33, "v") } })).toEqual(["invalid_request", "push.headers"]);
    expect(faultOf({ push: { url, headers: { a: "v".repeat(4095) } } })).toBeNull();
    expect(faultOf({ push: { url, headers: { a: "v".repeat(4096) } } })).toEqual(["invalid_request", "push.headers"]);
    expect(faultOf({ push: { url, headers: many(5, "v".repeat(1000)) } })).toEqual(["invalid_request", "push.headers"]);
  });
});

describe("the filter of a subscription", () => {
  it("may hold tags, type patterns, or both", () => {
    expect(faultOf({ filter: { types: ["a"] } })).toBeNull();
    expect(faultOf({ filter: { tags: ["a"] } })).toBeNull();
    expect(normalised({ filter: { tags: ["a"], types: ["b.#"] } }).filter).toEqual({ tags: ["a"], types: ["b.#"] });
  });

  it("has tags like those of messages", () => {
    expect(faultOf({ filter: { tags: ["a", "b,c"] } })).toEqual(["invalid_tag", "filter.tags[1]"]);
    expect(faultOf({ filter: { tags: Array<string>(21).fill("a") } })).toEqual(["too_many_tags", "filter.tags"]);
  });

  it.each(["#", "*.a.#", "k".repeat(128), Array(32).fill("*").join(".")])("may have the type pattern %j", (key) => {
    expect(normalised({ filter: { types: [key] } }).filter.types).toEqual([key]);
  });

  it.each(["", "k".repeat(129), "é".repeat(65), Array(33).fill("*").join("."), "a\nb", " a"])(
    "may not have the type pattern %j",
    (key) => {
      const fault = faultOf({ filter: { types: ["ok", key] } });
      expect(fault).toEqual(["invalid_type_pattern", "filter.types[1]"]);
    },
  );

  it("has at most a hundred type patterns", () => {
    const types = Array.from({ length: 101 }, (_, index) => `a.${index}`);
    expect(faultOf({ filter: { types } })).toEqual(["invalid_type_pattern", "filter.types"]);
    expect(faultOf({ filter: { types: types.slice(1) } })).toBeNull();
  });
});
