import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { RingbackError } from "../domain/errors.ts";
import { createAddressGuard } from "./address-guard.ts";

const strict = createAddressGuard({ allowPrivateNetworks: false, allowedAddresses: [] });
const open = createAddressGuard({ allowPrivateNetworks: true, allowedAddresses: [] });

/**
 * The registries of special-purpose addresses, written independently of the code under test: [network, bits,
 * judgement]. "private": allowed by `allowPrivateNetworks`. The longest match decides. The test uses numbers instead of
 * the library of the guard, so that both do not have the same mistake.
 */
type Judgement = "public" | "private" | "closed" | "v4 inside";
type Row = readonly [base: bigint, bits: number, judgement: Judgement];

const v4 = (a: number, b = 0, c = 0, d = 0): bigint => BigInt(((a * 256 + b) * 256 + c) * 256 + d);
const v6 = (...groups: number[]): bigint =>
  Array.from({ length: 8 }, (_, index) => groups[index] ?? 0).reduce((sum, group) => sum * 65536n + BigInt(group), 0n);

const v4Table: readonly Row[] = [
  [v4(0), 0, "public"],
  [v4(0), 8, "closed"],
  [v4(10), 8, "private"],
  [v4(100, 64), 10, "private"],
  [v4(100, 100, 100, 200), 32, "closed"],
  [v4(127), 8, "private"],
  [v4(168, 63, 129, 16), 32, "closed"],
  [v4(169, 254), 16, "private"],
  [v4(169, 254, 169, 254), 32, "closed"],
  [v4(169, 254, 170, 2), 32, "closed"],
  [v4(169, 254, 170, 23), 32, "closed"],
  [v4(169, 254, 0, 23), 32, "closed"],
  [v4(169, 254, 42, 42), 32, "closed"],
  [v4(172, 16), 12, "private"],
  [v4(192, 0, 0), 24, "closed"],
  [v4(192, 0, 2), 24, "closed"],
  [v4(192, 88, 99), 24, "closed"],
  [v4(192, 168), 16, "private"],
  [v4(198, 18), 15, "private"],
  [v4(198, 51, 100), 24, "closed"],
  [v4(203, 0, 113), 24, "closed"],
  [v4(224), 4, "closed"],
  [v4(240), 4, "closed"],
  [v4(255, 255, 255, 255), 32, "closed"],
];

const v6Table: readonly Row[] = [
  [0n, 0, "closed"],
  [v6(0, 0, 0, 0, 0, 0, 0, 1), 128, "private"],
  [v6(0, 0, 0, 0, 0, 0xffff), 96, "v4 inside"],
  [v6(0x64, 0xff9b), 96, "v4 inside"],
  [v6(0x64, 0xff9b, 1), 48, "closed"],
  [v6(0x100), 64, "closed"],
  [v6(0x2000), 3, "public"],
  [v6(0x2001), 23, "closed"],
  [v6(0x2001), 32, "closed"],
  [v6(0x2001, 2), 48, "closed"],
  [v6(0x2001, 0xdb8), 32, "closed"],
  [v6(0x2002), 16, "closed"],
  [v6(0x3fff), 20, "closed"],
  [v6(0x5f00), 16, "closed"],
  [v6(0xfc00), 7, "private"],
  [v6(0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x254), 128, "closed"],
  [v6(0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x23), 128, "closed"],
  [v6(0xfd20, 0xce, 0, 0, 0, 0, 0, 0x254), 128, "closed"],
  [v6(0xfd00, 0x42, 0, 0, 0, 0, 0, 0x42), 128, "closed"],
  [v6(0xfd00, 0xc1, 0, 0, 0, 0, 0xa9fe, 0xa9fe), 128, "closed"],
  [v6(0xfe80), 10, "private"],
  [v6(0xfe80, 0, 0, 0, 0, 0, 0xa9fe, 0xa9fe), 128, "closed"],
  [v6(0xfec0), 10, "private"],
  [v6(0xff00), 8, "closed"],
];

function judge(address: bigint, width: 32 | 128): Judgement {
  let best: Row | undefined;
  for (const row of width === 32 ? v4Table : v6Table) {
    const shift = BigInt(width - row[1]);
    if (address >> shift === row[0] >> shift && (best === undefined || row[1] >= best[1])) best = row;
  }
  const judgement = best?.[2] ?? "closed";
  return judgement === "v4 inside" ? judge(address & 0xffffffffn, 32) : judgement;
}

function v4Text(address: bigint): string {
  return [24n, 16n, 8n, 0n].map((shift) => (address >> shift) & 255n).join(".");
}

function v6Text(address: bigint): string {
  return [112n, 96n, 80n, 64n, 48n, 32n, 16n, 0n].map((shift) => ((address >> shift) & 0xffffn).toString(16)).join(":");
}

/** Random addresses, and addresses at the edges of every network in the table, where mistakes are likely. */
function addresses(table: readonly Row[], width: 32 | 128): fc.Arbitrary<bigint> {
  const last = (1n << BigInt(width)) - 1n;
  const edges = table.flatMap(([base, bits]) => [base, base + (1n << BigInt(width - bits)) - 1n]);
  const near = fc.tuple(fc.constantFrom(...edges), fc.bigInt(-2n, 2n)).map(([edge, by]) => edge + by);
  const inside = fc
    .tuple(fc.constantFrom(...table), fc.bigInt(0n, last))
    .map(([[base, bits], offset]) => base + (offset & ((1n << BigInt(width - bits)) - 1n)));
  return fc.oneof(fc.bigInt(0n, last), near, inside).filter((address) => address >= 0n && address <= last);
}

const opinion = (text: string) => ({ text, strict: strict(text), open: open(text) });
const right = (text: string, judgement: Judgement) => ({
  text,
  strict: judgement === "public",
  open: judgement !== "closed",
});

describe("the guard agrees with the registries", () => {
  test("for IPv4", () => {
    fc.assert(
      fc.property(addresses(v4Table, 32), (address) => {
        const text = v4Text(address);
        expect(opinion(text)).toEqual(right(text, judge(address, 32)));
      }),
      { numRuns: 2_000 },
    );
  });

  test("for IPv6", () => {
    fc.assert(
      fc.property(addresses(v6Table, 128), (address) => {
        const text = v6Text(address);
        expect(opinion(text)).toEqual(right(text, judge(address, 128)));
      }),
      { numRuns: 2_000 },
    );
  });

  test("for IPv4 inside IPv6, mapped and through NAT64", () => {
    const prefix = fc.constantFrom(v6(0, 0, 0, 0, 0, 0xffff), v6(0x64, 0xff9b));
    fc.assert(
      fc.property(prefix, addresses(v4Table, 32), (base, address) => {
        const text = v6Text(base + address);
        expect(opinion(text)).toEqual(right(text, judge(address, 32)));
      }),
      { numRuns: 1_000 },
    );
  });
});

test.each([
  "127.0.0.1",
  "10.1.2.3",
  "::ffff:127.0.0.1",
  "::ffff:7f00:1",
  "::127.0.0.1",
  "64:ff9b::10.0.0.1",
  "2002:7f00:1::",
  "2001:0:4136:e378:8000:63bf:3fff:fdd2",
  "::",
  "::1",
  "fe80::1%eth0",
  "255.255.255.255",
  "169.254.169.254",
])("%s is not public", (address) => {
  expect(strict(address)).toBe(false);
});

test.each(["1.1.1.1", "8.8.8.8", "2606:4700:4700::1111", "::ffff:1.1.1.1", "64:ff9b::1.1.1.1"])(
  "%s is public",
  (address) => {
    expect(strict(address)).toBe(true);
  },
);

test("an IPv4-compatible IPv6 address is not the IPv4 address inside", () => {
  expect(open("::1.1.1.1")).toBe(false);
});

test.each(["", "localhost", "127.1", "0x7f000001", "1.2.3.4/32", "[::1]"])(
  "%j is no address and is refused",
  (text) => {
    expect(open(text)).toBe(false);
  },
);

test.each(["169.254.169.254", "::ffff:169.254.169.254", "64:ff9b::169.254.169.254", "fd00:ec2::254"])(
  "metadata service %s stays closed in private networks, unless it is listed",
  (address) => {
    expect(open(address)).toBe(false);
    const listed = createAddressGuard({
      allowPrivateNetworks: false,
      allowedAddresses: ["169.254.169.254", "fd00:ec2::254/128"],
    });
    expect(listed(address)).toBe(true);
  },
);

test("a listed network is allowed, its neighbours are not", () => {
  const guard = createAddressGuard({
    allowPrivateNetworks: false,
    allowedAddresses: ["10.1.0.0/16", "fd12:3456::/32"],
  });
  expect(["10.1.255.255", "10.2.0.0", "fd12:3456::9", "fd12:3457::9", "::ffff:10.1.0.1"].map(guard)).toEqual([
    true,
    false,
    true,
    false,
    true,
  ]);
});

test("a listed network may be written as IPv4-mapped IPv6", () => {
  const guard = createAddressGuard({ allowPrivateNetworks: false, allowedAddresses: ["::ffff:10.1.0.0/112"] });
  expect(["10.1.0.9", "10.2.0.9"].map(guard)).toEqual([true, false]);
});

test.each(["", "example.com", "10.0.0.0/33", "fd00::/129", "10.0.0.0/-1", "10.0.0.0/8/8", "10.0/8", "10.0.0.0/"])(
  "%j is refused as a network",
  (text) => {
    const create = (): unknown => createAddressGuard({ allowPrivateNetworks: false, allowedAddresses: [text] });
    expect(create).toThrow(RingbackError);
    expect(create).toThrow(expect.objectContaining({ code: "invalid_request" }));
  },
);

test.each([
  ["64:ff9b::10.0.0.0/104", ["10.1.2.3", "64:ff9b::10.1.2.3"], ["127.0.0.1", "64:ff9b::127.0.0.1"]],
  ["::/0", ["::1", "fd00::1"], ["127.0.0.1", "::ffff:127.0.0.1", "64:ff9b::127.0.0.1"]],
  ["0.0.0.0/0", ["127.0.0.1", "::ffff:127.0.0.1", "64:ff9b::127.0.0.1"], ["::1", "fd00::1"]],
])("the network %s allows what it says, in each form of an address", (network, allowed, denied) => {
  const guard = createAddressGuard({ allowPrivateNetworks: false, allowedAddresses: [network] });
  expect(allowed.filter((address) => !guard(address))).toEqual([]);

  expect(denied.filter((address) => guard(address))).toEqual([]);
});

test.each(["::ffff:10.0.0.0/8", "10.1.2.3/8", "64:ff9b::/64", "2002:a00::/24", "::10.0.0.0/104", "10.0.0.0/08"])(
  "%j is refused as a network, because its meaning is not certain",
  (text) => {
    const create = (): unknown => createAddressGuard({ allowPrivateNetworks: false, allowedAddresses: [text] });
    expect(create).toThrow(`allowedAddresses: "${text}" is not valid; give addresses or networks in CIDR notation`);
  },
);
