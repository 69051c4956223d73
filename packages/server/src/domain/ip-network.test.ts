import { describe, expect, it } from "vitest";
import { canonicalNetwork } from "./ip-network.ts";

describe("a network", () => {
  it.each([
    ["10.0.0.0/8", "10.0.0.0/8"],
    ["10.1.2.3", "10.1.2.3/32"],
    ["10.1.2.3/32", "10.1.2.3/32"],
    ["fd00::/8", "fd00::/8"],
    ["FD00:0:0::1", "fd00::1/128"],
    ["::1", "::1/128"],
    ["::/0", "::/0"],
    [" 0.0.0.0/0 ", "0.0.0.0/0"],
    ["::ffff:10.0.0.0/104", "10.0.0.0/8"],
    ["::ffff:a00:0/104", "10.0.0.0/8"],
    ["::ffff:10.1.2.3", "10.1.2.3/32"],
    ["::ffff:0:0/96", "0.0.0.0/0"],
    ["64:ff9b::10.0.0.0/104", "10.0.0.0/8"],
  ])("%j is %s", (text, network) => {
    expect(canonicalNetwork(text)).toBe(network);
  });

  it.each([
    "",
    "10.0.0",
    "10.0.0.0/33",
    "::/129",
    "10.0.0.0/-1",
    "10.0.0.0/",
    "10.0.0.0/8/8",
    "10.0.0.0/08",
    "10.0.0.0/8.0",
    "10.0.0.0/255.0.0.0",
    "localhost",
    "fe80::1%eth0",
    "fe80::%eth0/10",
    "010.0.0.1",
    "0x0a.0.0.1",
    "167772161",
    "::ffff:010.0.0.1",
    "[::1]",
  ])("is not written %j", (text) => {
    expect(canonicalNetwork(text)).toBeNull();
  });

  it.each([
    ["10.1.2.3/8", "10.0.0.0/0", "::ffff:10.0.0.0/8", "::ffff:0:0/95", "64:ff9b::10.0.0.0/8", "fd00::1/8"],
    ["::10.0.0.0/104", "::7f00:1", "2002::/16", "2002:a00::/24", "2002:7f00:1::"],
  ])("whose meaning is not certain is refused: %s and others", (...texts) => {
    expect(texts.filter((text) => canonicalNetwork(text) !== null)).toEqual([]);
  });
});
