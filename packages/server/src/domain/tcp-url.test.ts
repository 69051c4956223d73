import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { readTcpUrl, tcpUrl } from "./tcp-url.ts";

describe("a tcp URL", () => {
  it.each([
    ["tcp://example.com:9000", { host: "example.com", port: 9000, byteOrder: "big" }],
    ["TCP://Example.com:9000/", { host: "example.com", port: 9000, byteOrder: "big" }],
    ["tcp://10.0.0.1:80", { host: "10.0.0.1", port: 80, byteOrder: "big" }],
    ["tcp://10.0.0.1:443?byteOrder=big", { host: "10.0.0.1", port: 443, byteOrder: "big" }],
    ["tcp://h:1/?byteOrder=little", { host: "h", port: 1, byteOrder: "little" }],
    ["tcp://[::1]:65535?byteOrder=little", { host: "[::1]", port: 65535, byteOrder: "little" }],
    ["tcp://0x7f.1:9", { host: "127.0.0.1", port: 9, byteOrder: "big" }],
    ["tcp://2130706433:9", { host: "127.0.0.1", port: 9, byteOrder: "big" }],
  ])("%s is parsed", (text, address) => {
    expect(readTcpUrl(text)).toEqual(address);
  });

  it.each([
    ["", "must begin with tcp://"],
    ["tcp:h:1", "must begin with tcp://"],
    ["http://h:1", "must begin with tcp://"],
    ["tcp://", "is not a valid URL"],
    ["tcp://:9", "is not a valid URL"],
    ["tcp://h:65536", "is not a valid URL"],
    ["tcp://256.1.1.1:9", "is not a valid URL"],
    ["tcp://h", "must name a port"],
    ["tcp://h:", "must name a port"],
    ["tcp://h:0", "must not have port 0"],
    ["tcp://me@h:1", "must not contain a user name"],
    ["tcp://:secret@h:1", "must not contain a user name"],
    ["tcp://h:1/x", "must not have a path"],
    ["tcp://h:1//", "must not have a path"],
    ["tcp://h:1#x", "must not have a fragment"],
    ["tcp://h:1?byteOrder=middle", "must have no query other than"],
    ["tcp://h:1?byteorder=little", "must have no query other than"],
    ["tcp://h:1?byteOrder=little&x=1", "must have no query other than"],
  ])("%j is refused, without showing a password", (text, fault) => {
    expect(readTcpUrl(text)).toContain(fault);
    expect(readTcpUrl(text)).not.toContain("secret");
  });

  it("is formatted to the text that was parsed", () => {
    const host = fc.oneof(fc.domain(), fc.ipV4(), fc.constant("[::1]"));
    const order = fc.constantFrom("big" as const, "little" as const);
    fc.assert(
      fc.property(host, fc.integer({ min: 1, max: 65_535 }), order, (name, port, byteOrder) => {
        const address = { host: name.toLowerCase(), port, byteOrder };
        expect(readTcpUrl(tcpUrl(address))).toEqual(address);
      }),
    );
  });
});
