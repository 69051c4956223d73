import { describe, expect, it } from "vitest";
import * as fc from "fast-check";
import { byteUnits, durationUnits } from "./units.ts";
import { parseHostPattern, parseOrigin } from "./callers.ts";
import { formatListenAddress, parseListenAddress } from "./listen-address.ts";
import { nearest } from "./nearest.ts";

describe("a duration", () => {
  it.each([
    ["500ms", 500],
    ["2s", 2000],
    ["5m", 300_000],
    ["1h", 3_600_000],
    ["7d", 604_800_000],
    ["1500", 1500],
    ["0", 0],
    ["1.5s", 1500],
    ["2 s", 2000],
  ])("of %s is %i ms", (text, valueMs) => {
    expect(durationUnits.parse(text)).toBe(valueMs);
  });

  it.each(["", "s", "-1s", "1e3", "5 minutes", "1S", "0.5", "0.0001s", "1,5s", "999999999999999d", "NaN", "2s3"])(
    "is not written %j",
    (text) => {
      expect(durationUnits.parse(text)).toBeNull();
    },
  );

  it("is parsed to the value that was formatted", () => {
    fc.assert(
      fc.property(fc.nat(), (valueMs) => {
        expect(durationUnits.parse(durationUnits.format(valueMs))).toBe(valueMs);
      }),
    );
  });
});

describe("a size", () => {
  it.each(["", "10GB", "1kb", "-1", "1.5MiB", "MiB", "99999999999TiB"])("is not written %j", (text) => {
    expect(byteUnits.parse(text)).toBeNull();
  });

  it("is parsed to the value that was formatted", () => {
    const sizes = fc.tuple(fc.nat(4096), fc.nat(4)).map(([count, power]) => count * 1024 ** power);
    fc.assert(
      fc.property(sizes, (value) => {
        expect(byteUnits.parse(byteUnits.format(value))).toBe(value);
      }),
    );
  });
});

describe("an address to listen on", () => {
  it.each([
    ["127.0.0.1:8000", "127.0.0.1", 8000],
    ["[::1]:8000", "::1", 8000],
    [":8000", "0.0.0.0", 8000],
    ["localhost:0", "localhost", 0],
    ["a.b-c.example:1", "a.b-c.example", 1],
  ])("is written %s", (text, host, port) => {
    expect(parseListenAddress(text)).toEqual({ host, port });
  });

  it.each([
    "",
    "8000",
    "127.0.0.1",
    "::1:8000",
    "[::1]",
    "[127.0.0.1]:80",
    "1.2.3:80",
    "256.0.0.1:80",
    "a b:80",
    "-a:80",
    "a:",
    "a:x",
    "a:-1",
    "a:65536",
    "[::g]:1",
    "http://a:80",
  ])("is not written %j", (text) => {
    expect(parseListenAddress(text)).toBeNull();
  });

  it("is parsed to the value that was formatted", () => {
    const address = fc.record({ host: fc.oneof(fc.ipV4(), fc.ipV6()), port: fc.nat(65_535) });
    fc.assert(
      fc.property(address, (wanted) => {
        expect(parseListenAddress(formatListenAddress(wanted))).toEqual(wanted);
      }),
    );
  });
});

describe("an allowed host", () => {
  it.each([
    ["Ringback.Example.", "ringback.example"],
    ["*.Example", "*.example"],
    ["[::1]", "::1"],
    ["192.168.1.7", "192.168.1.7"],
    ["*", "*"],
  ])("%j is %s", (text, host) => {
    expect(parseHostPattern(text)).toBe(host);
  });

  it.each(["", "https://ringback.example", "ringback.example:8000", "ringback.example/", "*.*", "*.", "a*", "a b"])(
    "is not written %j",
    (text) => {
      expect(parseHostPattern(text)).toBeNull();
    },
  );
});

describe("an allowed origin", () => {
  it.each([
    ["https://Console.example", "https://console.example"],
    ["https://console.example/", "https://console.example"],
    ["https://console.example:443", "https://console.example"],
    ["http://localhost:5173", "http://localhost:5173"],
    ["chrome-extension://abcdef", "chrome-extension://abcdef"],
    ["*", "*"],
  ])("%j is %s", (text, origin) => {
    expect(parseOrigin(text)).toBe(origin);
  });

  it.each([
    "",
    "null",
    "console.example",
    "https://console.example/path",
    "https://a@b",
    "https://a?b",
    "https://",
    "a b",
  ])("is not written %j", (text) => {
    expect(parseOrigin(text)).toBeNull();
  });
});

describe("the suggested word", () => {
  it("is the nearest one, if any is similar", () => {
    expect(nearest("lisen", ["listen", "data"])).toBe("listen");
    expect(nearest("LOGLEVEL", ["logLevel"])).toBe("logLevel");
    expect(nearest("zebra", ["listen", "data"])).toBeNull();
    expect(nearest("x".repeat(100_000), ["listen"])).toBeNull();
  });
});
